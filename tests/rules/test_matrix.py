"""Every state and every proposed state: what is accepted, what is refused, and what is booked.

No limits, no retries, no schedule delay; the run has a deployment and no process. A: accepted.
R: refused, the run stays. X: replaced by another state. B: aborted.
"""

from events.changes import Change, PolicyAmended
from events.decisions import Outcome
from events.entities import Bookkeeping
from events.policies import FlowRunPolicy, PolicyAmendment
from events.states import FINAL, NO_DETAILS, StateDetails, StateType
from tests.support.case import Case
from tests.support.examples import NOON, a_flow_run, propose
from tests.support.matrix import (
    DUE,
    ENDED,
    INITIAL,
    LATER,
    PROPOSED,
    START,
    STARTED,
    booked,
    each_cell,
)

MATRIX = """
                    SCHEDULED PENDING RUNNING COMPLETED FAILED CANCELLED CRASHED PAUSED CANCELLING
no state            A         A       A       A         A      A         A       B      A
SCHEDULED           A         A       A       A         A      A         A       R      X
PENDING             A         B       A       A         A      A         A       R      A
RUNNING             A         B       A       A         A      A         A       A      A
COMPLETED           A         A       A       A         A      A         B       B      B
COMPLETED, result   R         R       R       A         A      A         B       B      B
FAILED              A         A       A       A         A      A         B       B      B
CRASHED             A         A       A       A         A      A         B       B      B
CANCELLED           A         B       A       A         A      A         B       B      B
PAUSED              A         R       A       A         A      A         A       R      A
CANCELLING          R         R       R       R         R      A         R       R      R
"""

FRESH = booked()
AFTER_ENDED = {
    "SCHEDULED": booked(
        run_count=1, start_time=START, total_run_time=5.0, next_scheduled_start_time=LATER
    ),
    "PENDING": STARTED,
    "RUNNING": booked(run_count=2, start_time=START, total_run_time=5.0),
    "final": ENDED,
}

BOOKED: dict[str, dict[str, Bookkeeping]] = {
    "no state": {
        "SCHEDULED": Bookkeeping(expected_start_time=LATER, next_scheduled_start_time=LATER),
        "PENDING": Bookkeeping(expected_start_time=NOON),
        "RUNNING": Bookkeeping(run_count=1, expected_start_time=NOON, start_time=NOON),
        "final": Bookkeeping(expected_start_time=NOON, start_time=NOON, end_time=NOON),
        "CANCELLING": Bookkeeping(expected_start_time=NOON),
    },
    "SCHEDULED": {
        "SCHEDULED": booked(next_scheduled_start_time=LATER),
        "PENDING": FRESH,
        "RUNNING": booked(run_count=1, start_time=NOON),
        "final": booked(start_time=NOON, end_time=NOON),
    },
    "PENDING": {
        "SCHEDULED": booked(next_scheduled_start_time=LATER),
        "RUNNING": booked(run_count=1, start_time=NOON),
        "final": booked(start_time=NOON, end_time=NOON),
        "CANCELLING": FRESH,
    },
    "RUNNING": {
        "SCHEDULED": booked(
            run_count=1, start_time=START, total_run_time=65.0, next_scheduled_start_time=LATER
        ),
        "RUNNING": booked(run_count=2, start_time=START, total_run_time=65.0),
        "final": booked(run_count=1, start_time=START, end_time=NOON, total_run_time=65.0),
        "PAUSED": booked(run_count=1, start_time=START, total_run_time=65.0),
        "CANCELLING": booked(run_count=1, start_time=START, total_run_time=65.0),
    },
    "COMPLETED": AFTER_ENDED,
    "COMPLETED, result": AFTER_ENDED,
    "FAILED": AFTER_ENDED,
    "CRASHED": AFTER_ENDED,
    "CANCELLED": AFTER_ENDED,
    "PAUSED": {
        "SCHEDULED": booked(
            run_count=1, start_time=START, total_run_time=5.0, next_scheduled_start_time=LATER
        ),
        "RUNNING": booked(run_count=2, start_time=START, total_run_time=5.0),
        "final": booked(run_count=1, start_time=START, end_time=NOON, total_run_time=5.0),
        "CANCELLING": STARTED,
    },
    "CANCELLING": {
        "final": booked(run_count=1, start_time=START, end_time=NOON, total_run_time=5.0),
    },
}
"""The bookkeeping after each state that is entered."""

POLICY = FlowRunPolicy(pause_keys=frozenset({"1"}), retry_type="in_process")
"""Nobody asked for retries; a pause has fired in an attempt that was itself a retry."""

STARTED_AGAIN = {
    "SCHEDULED": PolicyAmendment(pause_keys=frozenset(), retry_type="reschedule"),
    "PENDING": PolicyAmendment(pause_keys=frozenset(), retry_type=None),
    "RUNNING": PolicyAmendment(pause_keys=frozenset(), retry_type=None),
}
RESUMING = PolicyAmendment(resuming=True)

AMENDED: dict[str, dict[str, PolicyAmendment]] = {
    "RUNNING": {
        "PAUSED": PolicyAmendment(pause_keys=frozenset({"1", "2"})),
        "FAILED": PolicyAmendment(retry_type=None),
    },
    "COMPLETED": STARTED_AGAIN,
    "FAILED": STARTED_AGAIN,
    "CRASHED": STARTED_AGAIN,
    "CANCELLED": {each: STARTED_AGAIN[each] for each in ("SCHEDULED", "RUNNING")},
    "PAUSED": {
        "SCHEDULED": PolicyAmendment(pause_keys=frozenset(), retry_type="reschedule"),
        **{
            each: RESUMING
            for each in PROPOSED
            if each not in ("SCHEDULED", "PAUSED")  # a second pause is refused before that
        },
    },
}
"""What becomes of the policy, refusals included."""

NOT_RUNNING = ("HandlePausingFlows", "Cannot pause flows that are not currently running.")
NOT_TWICE = "This run is in a {} state and cannot transition to a PENDING state."
ENDED_ALREADY = ("HandleFlowTerminalStateTransitions", "Run is already in terminal state {}.")
HAS_A_RESULT = ("HandleFlowTerminalStateTransitions", "Run is already COMPLETED.")
IS_CANCELLING = (
    "EnforceCancellingToCancelledTransition",
    "Cannot transition flows that are cancelling to a state other than Cancelled.",
)
ENDS = ("COMPLETED", "COMPLETED, result", "FAILED", "CRASHED", "CANCELLED")

SAID: dict[tuple[str, str], tuple[str, str]] = {
    ("no state", "PAUSED"): ("HandlePausingFlows", "Cannot pause flows with no state."),
    ("SCHEDULED", "PAUSED"): NOT_RUNNING,
    ("PENDING", "PAUSED"): NOT_RUNNING,
    ("PAUSED", "PAUSED"): NOT_RUNNING,
    ("SCHEDULED", "CANCELLING"): (
        "BypassCancellingFlowRunsWithNoInfra",
        "Scheduled flow run has no infrastructure to terminate.",
    ),
    **{
        (row, "PENDING"): ("PreventPendingTransitions", NOT_TWICE)
        for row in ("PENDING", "RUNNING", "CANCELLED")
    },
    **{
        (row, column): ENDED_ALREADY
        for row in ENDS
        for column in ("CRASHED", "PAUSED", "CANCELLING")
    },
    **{
        ("COMPLETED, result", column): HAS_A_RESULT
        for column in ("SCHEDULED", "PENDING", "RUNNING")
    },
    ("PAUSED", "PENDING"): (
        "HandleResumingPausedFlows",
        "This run cannot transition to the {} state from the {} state.".format(
            "StateType.PENDING", "StateType.PAUSED"
        ),
    ),
    **{("CANCELLING", column): IS_CANCELLING for column in PROPOSED},
}
"""The rule that refuses, and what it says."""

OUTCOMES = {"A": Outcome.ACCEPT, "R": Outcome.REJECT, "X": Outcome.REJECT, "B": Outcome.ABORT}


@each_cell(MATRIX)
def test_the_transition_matrix_holds(case: Case, row: str, column: str, letter: str) -> None:
    state, booked = INITIAL[row]
    case.given(a_flow_run(state, booked, POLICY))
    case.when(propose(PROPOSED[column]))
    rule, reason = (None, None) if letter == "A" else SAID[row, column]
    case.then(
        *_changes(case, row, column, letter),
        outcome=OUTCOMES[letter],
        rule=rule,
        reason=None if reason is None else reason.format(row.partition(",")[0]),
    )


def _changes(case: Case, row: str, column: str, letter: str) -> list[Change]:
    changes: list[Change] = []
    if letter in "AX":
        kind = StateType.CANCELLED if letter == "X" else StateType(column)
        proposed = PROPOSED[column]
        booked = BOOKED[row]["final" if kind in FINAL else kind.value]
        claimed = (row, column) == ("SCHEDULED", "PENDING")
        changes.append(
            case.entered(
                kind,
                booked=booked,
                message=proposed.message if letter == "A" else None,
                data=proposed.data if letter == "A" else None,
                details=StateDetails(scheduled_time=DUE) if claimed else _details(column, letter),
            )
        )
    amendment = AMENDED.get(row, {}).get(column)
    if amendment is not None:
        changes.append(PolicyAmended(policy=amendment))
    return changes


def _details(column: str, letter: str) -> StateDetails:
    return PROPOSED[column].state_details if letter == "A" else NO_DETAILS
