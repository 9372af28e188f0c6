"""A run that has ended starts again only in ways that lose no result."""

from typing import Literal

from events.entities import FlowRun
from events.policies import PolicyAmendment
from events.states import FINAL, ProposedState, State, StateType, is_persisted_result, stored_data

from ..asking.rule import ANY, Question, Rule
from ..asking.verdict import PASS, Abort, Pass, Reject, Verdict

NOT_AFTER_THE_END = frozenset({StateType.CANCELLING, StateType.PAUSED, StateType.CRASHED})


def restart_ended_runs_cleanly(
    question: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Refuse what an ended run cannot become; a run that starts again forgets its pauses."""
    if proposed.type in NOT_AFTER_THE_END:
        return Abort(f"Run is already in terminal state {initial.type.value}.")
    if proposed.type in FINAL:
        return keep_persisted_results(question, initial, proposed)
    if initial.type is StateType.COMPLETED and is_persisted_result(initial.data):
        return Reject(reason="Run is already COMPLETED.")
    is_rescheduled = proposed.type is StateType.SCHEDULED
    if is_rescheduled and question.run.attributes.deployment_id is None:
        return Abort("Cannot reschedule a run without an associated deployment.")
    if not question.is_current_api:
        return PASS
    retry_type: Literal["reschedule"] | None = "reschedule" if is_rescheduled else None
    return Pass(
        policy=PolicyAmendment(resuming=False, pause_keys=frozenset(), retry_type=retry_type)
    )


def keep_persisted_results(
    _: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Refuse to replace a stored result by none; an empty mapping passes for a result, here."""
    if (
        initial.type is StateType.COMPLETED
        and proposed.type is StateType.COMPLETED
        and is_persisted_result(initial.data)
        and not isinstance(stored_data(proposed.data), dict)
    ):
        return Reject(
            reason="Cannot overwrite a COMPLETED state that carries persisted result data"
            " with one that does not."
        )
    return PASS


RESTART_ENDED_RUNS_CLEANLY = Rule(
    name="HandleFlowTerminalStateTransitions",
    leaving=frozenset(FINAL),
    entering=ANY,
    before=restart_ended_runs_cleanly,
    restores_policy=True,
)

KEEP_PERSISTED_RESULTS = Rule(
    name="PreventResultDataLoss",
    leaving=frozenset(FINAL),
    entering=frozenset(FINAL),
    before=keep_persisted_results,
)
