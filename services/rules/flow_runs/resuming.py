"""A paused run resumes in time, ends or is cancelled; anything else is refused."""

from events.entities import FlowRun
from events.policies import PolicyAmendment
from events.states import FINAL, ProposedState, State, StateType
from events.states.constructors import Failed

from ..asking.rule import ANY, Question, Rule
from ..asking.verdict import PASS, Aftermath, Reject, Verdict
from .pausing import verb_of

AFTER_A_PAUSE = FINAL | {StateType.RUNNING, StateType.SCHEDULED, StateType.CANCELLING}


def resume_paused_runs_in_time(
    question: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Refuse what a pause does not lead to; fail a run whose pause is past its deadline."""
    if proposed.type not in AFTER_A_PAUSE:
        return Reject(
            reason=f"This run cannot transition to the StateType.{proposed.type.name} state"
            f" from the StateType.{initial.type.name} state."
        )
    shown = (proposed.name or proposed.type.value).lower()
    if initial.state_details.pause_reschedule and question.run.attributes.deployment_id is None:
        return Reject(reason=f"Cannot reschedule a {shown} flow run without a deployment.")
    if proposed.type is StateType.CANCELLING:
        return PASS
    deadline = initial.state_details.pause_timeout
    if deadline is not None and deadline < question.at:
        return Reject(
            state=Failed(message=f"The flow was {shown} and never resumed."),
            reason=f"The flow run {verb_of(proposed)} has timed out and can no longer resume.",
        )
    return PASS


def note_the_resuming(question: Question[FlowRun], initial: State, now: State) -> Aftermath:
    """Note that the next attempt continues this one, also when resuming was refused.

    A pause that kept its process and is scheduled anew starts over: its process is gone.
    """
    has_process = not initial.state_details.pause_reschedule
    if question.is_current_api and has_process and now.type is StateType.SCHEDULED:
        return Aftermath(
            policy=PolicyAmendment(resuming=False, pause_keys=frozenset(), retry_type="reschedule")
        )
    return Aftermath(policy=PolicyAmendment(resuming=True))


RESUME_PAUSED_RUNS_IN_TIME = Rule(
    name="HandleResumingPausedFlows",
    leaving=frozenset({StateType.PAUSED}),
    entering=ANY,
    before=resume_paused_runs_in_time,
    after=note_the_resuming,
)
