"""A timer fires for the state that it was set for, or does nothing."""

from collections.abc import Mapping
from datetime import datetime

from events.decisions import Decision, Outcome
from events.entities import Entity, FlowRun, flow_run_key
from events.proposals import FireTimer
from events.states import ProposedState, StateType
from events.states.constructors import Cancelled, Failed, Late

from ..asking.orchestrate import Said
from ..asking.rule import Policy
from ..asking.verdict import Ask, Told
from ..policies import CORE_FLOW_POLICY, MARK_LATE_RUNS_POLICY, MINIMAL_FLOW_POLICY
from ..subjects import flow_run_of
from .decisions import decision
from .moving import moved_flow_run

NEVER_RESUMED = "The flow was paused and never resumed."
NEVER_CANCELLED = "Flow run cancellation timed out; marked this flow run as Cancelled."

TOO_LATE = Said(
    outcome=Outcome.REJECT,
    reason="The flow run has left the state that the timer was set for.",
    rule="FireTimersOfTheCurrentState",
)


def fire_timer(
    known: Mapping[str, Entity], proposal: FireTimer, at: datetime, told: Told
) -> Decision | Ask:
    """What becomes of the flow run; a run that is gone or has moved on is left alone."""
    run, subject = flow_run_of(known, proposal.flow_run_id), flow_run_key(proposal.flow_run_id)
    if run is None:
        return decision(proposal, subject, 0, at, said=TOO_LATE)
    version, wanted = run.progress.version + 1, _wanted(run, proposal, at)
    if wanted is None:
        return decision(proposal, subject, version, at, said=TOO_LATE)
    state, policy = wanted
    return moved_flow_run(run, proposal, state, policy, at, told)


def _wanted(
    run: FlowRun, proposal: FireTimer, at: datetime
) -> tuple[ProposedState, Policy[FlowRun]] | None:
    """The state to enter, and the policy it has to pass; None when there is no reason any more."""
    state = run.progress.state
    if state is None or state.id != proposal.state_id:
        return None
    match proposal.timer, state.type:
        case "late", StateType.SCHEDULED:
            return Late(run.progress.booked.next_scheduled_start_time), MARK_LATE_RUNS_POLICY
        case "pause", StateType.PAUSED:
            deadline = state.state_details.pause_timeout
            if deadline is None or at <= deadline:
                return None
            return Failed(message=NEVER_RESUMED), MINIMAL_FLOW_POLICY
        case "cancelling", StateType.CANCELLING:
            return Cancelled(message=NEVER_CANCELLED), CORE_FLOW_POLICY
        case _:
            return None
