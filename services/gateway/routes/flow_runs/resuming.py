"""A paused flow run is asked to go on, with what its pause wants to know."""

from typing import Any

from msgspec import Struct

from events.decisions import Outcome
from events.proposals import ResumeFlowRun
from events.states import StateType

from ....answering import ANSWERED_ANOTHER, ANSWERED_BEFORE, NOT_PAUSED, Unfit
from ...context import Context, existing
from ...http.calls import Call
from ...http.errors import CONFLICT, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.parts import state_response
from ..orchestration import OrchestrationResult, orchestrated

TRIES = 3
"""How often a pause may give way to another one while its answer is looked at."""


class Resume(Struct, frozen=True, kw_only=True):
    """What the pause is answered."""

    run_input: dict[str, Any] | None = None


async def resume_flow_run(context: Context, call: Call) -> Reply:
    """Let the flow run go on: 201 when it does, 200 when the answer does not fit its pause."""
    given = call.as_query(Resume).run_input or {}
    for _ in range(TRIES):
        run_input = given
        paused = existing(await context.flow_run(call.id)).progress.state
        if paused is not None and paused.type is StateType.PAUSED:
            found = await context.inputs.fitting(call.id, paused, given)
            if isinstance(found, Unfit):
                # its status and its details do not agree; clients know it so
                details = {"type": "abort_details", "reason": found.reason}
                shown = state_response(paused)
                return answered(OrchestrationResult(shown, Outcome.REJECT, details))
            run_input = found.run_input
        answer = await context.ask(
            ResumeFlowRun(
                id=str(context.new_id()),
                at=context.now(),
                flow_run_id=call.id,
                paused=None if paused is None else paused.id,
                run_input=run_input,
                api_version=call.api_version,
                client_version=call.client_version,
            )
        )
        decision = answer.decided()
        if decision.rule == NOT_PAUSED:
            details = {"type": "abort_details", "reason": decision.reason}
            return answered(OrchestrationResult(None, Outcome.ABORT, details))
        if decision.rule == ANSWERED_BEFORE:
            break
        if decision.rule != ANSWERED_ANOTHER:
            return orchestrated(answer)
    raise detail(409, CONFLICT)


OPERATIONS = (
    Operation(method="POST", path="/flow_runs/{id:uuid}/resume", handler=resume_flow_run,
              summary="Resume Flow Run", tag="Flow Runs", takes=Resume,
              gives=OrchestrationResult, statuses=(201, 200)),
)  # fmt: skip
