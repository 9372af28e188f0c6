"""A run that is asked to end ends as cancelled; at once, if nothing runs that could be stopped."""

from events.entities import FlowRun
from events.states import ProposedState, State, StateType
from events.states.constructors import Cancelled

from ..asking.rule import ANY, Question, Rule
from ..asking.verdict import PASS, Reject, Verdict


def only_cancel_cancelling_runs(_: Question[FlowRun], __: State, ___: ProposedState) -> Verdict:
    """Refuse whatever is not the end of the cancelling."""
    return Reject(
        reason="Cannot transition flows that are cancelling to a state other than Cancelled."
    )


def cancel_idle_runs_at_once(
    question: Question[FlowRun], initial: State, _: ProposedState
) -> Verdict:
    """Cancel a run that has no process, instead of waiting for one to notice."""
    is_idle = initial.type is StateType.SCHEDULED and not question.run.attributes.infrastructure_pid
    if is_idle or initial.name == "Resuming":
        return Reject(
            state=Cancelled(),
            reason="Scheduled flow run has no infrastructure to terminate.",
        )
    if initial.type is StateType.PAUSED and initial.state_details.pause_reschedule:
        return Reject(
            state=Cancelled(),
            reason="Suspended flow run has no infrastructure to terminate.",
        )
    return PASS


ONLY_CANCEL_CANCELLING_RUNS = Rule(
    name="EnforceCancellingToCancelledTransition",
    leaving=frozenset({StateType.CANCELLING}),
    entering=ANY - {StateType.CANCELLED},
    before=only_cancel_cancelling_runs,
)

CANCEL_IDLE_RUNS_AT_ONCE = Rule(
    name="BypassCancellingFlowRunsWithNoInfra",
    leaving=frozenset({StateType.SCHEDULED, StateType.PAUSED}),
    entering=frozenset({StateType.CANCELLING}),
    before=cancel_idle_runs_at_once,
)
