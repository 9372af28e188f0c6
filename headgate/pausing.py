"""Flow runs pause, suspend, are resumed and waited for; whoever waits follows the transitions.

There is no engine here: whoever executes a flow run says which one, and which of its pauses. A
pause of one key fires once: a flow that is executed again passes it, and gets the answer.
"""

from typing import Any, cast
from uuid import UUID

from msgspec import json

from services.answering import ANSWERED_ANOTHER, NOT_PAUSED, Inputs, Unfit

from . import clock, states
from ._language import (
    FINAL,
    Answer,
    FlowRun,
    Outcome,
    ProposedState,
    ResumeFlowRun,
    State,
    StateDetails,
    StateType,
    StoreInput,
)
from .client import FlowRunGone, Headgate
from .errors import ForPeople

Schema = dict[str, Any]
"""The JSON schema of what a pause wants to know."""

TRIES = 3


class FlowPauseTimeout(ForPeople):
    """A pause is past its deadline."""


class FlowRunWaitTimeout(ForPeople):
    """A flow run did not end in time."""


class NotPausedError(ForPeople):
    """What is not paused cannot be resumed."""


async def pause_flow_run(
    headgate: Headgate,
    flow_run_id: UUID,
    key: str,
    *,
    timeout_s: float = 3_600,
    wait_for_input: Schema | None = None,
    description: str | None = None,
) -> dict[str, Any]:
    """Pause the flow run at its pause *key* until somebody resumes it; what he answered.

    A pause that has fired is passed at once. Raises FlowPauseTimeout after *timeout_s* seconds,
    RuntimeError when the run may not pause, goes elsewhere or is deleted.
    """
    if timeout_s < 0:
        raise ValueError(f"'timeout' must be a non-negative number, got {timeout_s}")
    keyset = _keyset("paused", key) if wait_for_input is not None else None
    paused = states.Paused(
        timeout_seconds=timeout_s,
        pause_key=key,
        state_details=StateDetails(run_input_keyset=keyset),
    )
    if await _has_fired(headgate, flow_run_id, paused, "paused"):
        return await _answer(headgate, flow_run_id, keyset)
    await _ask_for(headgate, flow_run_id, keyset, wait_for_input, description)
    try:
        after = await headgate.wait_for(flow_run_id, _is_not_paused, timeout_s)
    except TimeoutError:
        run = await headgate.flow_run(flow_run_id)
        after = None if run is None else run.progress.state
    except FlowRunGone:
        raise RuntimeError("Flow run was paused and is gone.") from None
    if after is None or after.type in (StateType.PAUSED, StateType.FAILED):
        raise FlowPauseTimeout("Flow run was paused and never resumed.")
    if after.type is not StateType.RUNNING:
        raise RuntimeError(f"Flow run was paused and is {after.name} now.")
    return await _answer(headgate, flow_run_id, keyset)


async def suspend_flow_run(
    headgate: Headgate,
    flow_run_id: UUID,
    key: str | None = None,
    *,
    timeout_s: float | None = None,
    wait_for_input: Schema | None = None,
    description: str | None = None,
) -> State | dict[str, Any]:
    """Suspend the flow run: the state that it is in, upon which who executes it should leave.

    When *key* has fired before, it is what was answered, and the flow goes on. Raises
    RuntimeError when the run may not suspend.
    """
    key = key or str(clock.new_id())
    keyset = _keyset("suspended", key) if wait_for_input is not None else None
    suspended = states.Suspended(
        timeout_seconds=timeout_s,
        pause_key=key,
        state_details=StateDetails(run_input_keyset=keyset),
    )
    if await _has_fired(headgate, flow_run_id, suspended, "suspended"):
        return await _answer(headgate, flow_run_id, keyset)
    await _ask_for(headgate, flow_run_id, keyset, wait_for_input, description)
    run = await headgate.flow_run(flow_run_id)
    if run is None or run.progress.state is None:
        raise RuntimeError("Flow run was suspended and is gone.")
    return run.progress.state


async def resume_flow_run(
    headgate: Headgate, flow_run_id: UUID, run_input: dict[str, Any] | None = None
) -> State:
    """Let a paused flow run go on, with *run_input* for what it asked; the state it is in now.

    Raises NotPausedError, FlowPauseTimeout past its deadline, and RuntimeError when the input
    does not fit.
    """
    inputs = Inputs(headgate.log)
    for _ in range(TRIES):
        run = await headgate.flow_run(flow_run_id)
        paused = None if run is None else run.progress.state
        if paused is None or paused.type is not StateType.PAUSED:
            raise NotPausedError("Cannot resume a run that isn't paused!")
        found = await inputs.fitting(flow_run_id, paused, run_input or {})
        if isinstance(found, Unfit):
            raise RuntimeError(f"Cannot resume this run: {found.reason}")
        answer = await headgate.propose(
            ResumeFlowRun(
                id=str(clock.new_id()),
                flow_run_id=flow_run_id,
                paused=paused.id,
                run_input=found.run_input,
            )
        )
        decision = answer.decided()
        if decision.rule == NOT_PAUSED:
            raise NotPausedError("Cannot resume a run that isn't paused!")
        if decision.rule != ANSWERED_ANOTHER:
            return _resumed(answer, decision.reason)
    raise RuntimeError("Cannot resume this run: it pauses anew each time")


async def wait_for_flow_run(
    headgate: Headgate, flow_run_id: UUID, timeout_s: float | None = 10_800
) -> FlowRun | None:
    """The flow run once it has ended, None if it is gone by then. Raises FlowRunWaitTimeout."""
    try:
        await headgate.wait_for(flow_run_id, FINAL, timeout_s)
    except TimeoutError:
        raise FlowRunWaitTimeout(
            f"Flow run with ID {flow_run_id} exceeded watch timeout of {timeout_s} seconds"
        ) from None
    except FlowRunGone:
        return None
    return await headgate.flow_run(flow_run_id)


def _resumed(answer: Answer, reason: str | None) -> State:
    state = answer.state
    if answer.outcome is Outcome.ACCEPT and state is not None:
        return state
    if state is not None and state.type is StateType.FAILED:
        raise FlowPauseTimeout("Flow run can no longer be resumed.")
    raise RuntimeError(f"Cannot resume this run: {reason}")


def _keyset(name: str, key: str) -> dict[str, str]:
    kinds = ("description", "response", "schema")
    return {kind: f"{name}-{key.lower()}-{kind}" for kind in kinds}


def _is_not_paused(state: State) -> bool:
    return state.type is not StateType.PAUSED


async def _has_fired(
    headgate: Headgate, flow_run_id: UUID, state: ProposedState, what: str
) -> bool:
    """Whether this pause was passed before; false when it fires now."""
    answer = await headgate.set_state(flow_run_id, state)
    now = answer.state
    if answer.outcome is Outcome.ABORT:
        raise RuntimeError(f"Flow run cannot be {what}: {answer.decided().reason}")
    if now is not None and now.type is StateType.RUNNING:
        return True
    if answer.outcome is Outcome.ACCEPT:
        return False
    shown = "none" if now is None else now.name
    raise RuntimeError(f"Flow run cannot be {what}. Received non-paused state from API: {shown}")


async def _ask_for(
    headgate: Headgate,
    flow_run_id: UUID,
    keyset: dict[str, str] | None,
    schema: Schema | None,
    description: str | None,
) -> None:
    """Store what the pause wants to know, for who resumes it."""
    if keyset is None:
        return
    wanted = {"schema": schema, "description": description}
    for kind, value in wanted.items():
        if value is not None:
            text = json.encode(value).decode()
            id = str(clock.new_id())
            await headgate.propose(
                StoreInput(id=id, flow_run_id=flow_run_id, key=keyset[kind], value=text)
            )


async def _answer(
    headgate: Headgate, flow_run_id: UUID, keyset: dict[str, str] | None
) -> dict[str, Any]:
    """What was answered; nothing when nothing was asked or said."""
    if keyset is None:
        return {}
    stored = await Inputs(headgate.log).read(flow_run_id, [keyset["response"]])
    return cast("dict[str, Any]", stored[0].decoded_value) if stored else {}
