"""Late is said once, and only of runs that wait for their time."""

from events.entities import FlowRun
from events.states import ProposedState, State, StateType

from ..asking.rule import TYPES, Question, Rule
from ..asking.verdict import PASS, Reject, Verdict

LATE = "Late"


def mark_only_scheduled_runs_late(
    _: Question[FlowRun], initial: State, proposed: ProposedState
) -> Verdict:
    """Refuse to call late what is not scheduled, or is late already."""
    if proposed.name != LATE:
        return PASS
    if initial.type is not StateType.SCHEDULED:
        return Reject(reason="Only scheduled flows can be marked late.")
    if initial.name == LATE:
        return Reject(reason="This flow run is already marked late.")
    return PASS


MARK_ONLY_SCHEDULED_RUNS_LATE = Rule(
    name="EnsureOnlyScheduledFlowsMarkedLate",
    leaving=TYPES,
    entering=frozenset({StateType.SCHEDULED}),
    before=mark_only_scheduled_runs_late,
)
