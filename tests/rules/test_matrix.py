"""Every state and every proposed state: what is accepted, what is refused, and what is booked.

No limits, no retries, no schedule delay; the run has a deployment and no process. A: accepted.
R: refused, the run stays. X: replaced by another state. B: aborted.
"""

from typing import Any

import pytest

from events.changes import Change, PolicyAmended
from events.decisions import Outcome
from events.entities import NOTHING_BOOKED, Bookkeeping
from events.policies import FlowRunPolicy, PolicyAmendment
from events.states import FINAL, NO_DETAILS, State, StateDetails, StateType
from events.states.constructors import (
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
)
from tests.support.case import Case
from tests.support.examples import HOUR, MINUTE, NOON, RESULT, a_flow_run, a_state, propose

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

DUE, LATER = NOON - HOUR, NOON + HOUR
START, END = NOON - 10 * MINUTE, NOON - MINUTE

PROPOSED = {
    "SCHEDULED": Scheduled(LATER),
    "PENDING": Pending(),
    "RUNNING": Running(),
    "COMPLETED": Completed(data=RESULT),
    "FAILED": Failed(message="boom"),
    "CANCELLED": Cancelled(),
    "CRASHED": Crashed(),
    "PAUSED": Paused(pause_key="2"),
    "CANCELLING": Cancelling(),
}


def _booked(**fields: Any) -> Bookkeeping:
    return Bookkeeping(expected_start_time=DUE, **fields)


FRESH = _booked()
STARTED = _booked(run_count=1, start_time=START, total_run_time=5.0)
ENDED = _booked(run_count=1, start_time=START, end_time=END, total_run_time=5.0)
AFTER_ENDED = {
    "SCHEDULED": _booked(
        run_count=1, start_time=START, total_run_time=5.0, next_scheduled_start_time=LATER
    ),
    "PENDING": STARTED,
    "RUNNING": _booked(run_count=2, start_time=START, total_run_time=5.0),
    "final": ENDED,
}

INITIAL: dict[str, tuple[State | None, Bookkeeping]] = {
    "no state": (None, NOTHING_BOOKED),
    "SCHEDULED": (
        a_state(StateType.SCHEDULED, details=StateDetails(scheduled_time=DUE)),
        _booked(next_scheduled_start_time=DUE),
    ),
    "PENDING": (a_state(StateType.PENDING), FRESH),
    "RUNNING": (a_state(StateType.RUNNING), STARTED),
    "COMPLETED": (a_state(StateType.COMPLETED), ENDED),
    "COMPLETED, result": (a_state(StateType.COMPLETED, data=RESULT), ENDED),
    "FAILED": (a_state(StateType.FAILED), ENDED),
    "CRASHED": (a_state(StateType.CRASHED), ENDED),
    "CANCELLED": (a_state(StateType.CANCELLED), ENDED),
    "PAUSED": (a_state(StateType.PAUSED, details=StateDetails(pause_timeout=LATER)), STARTED),
    "CANCELLING": (a_state(StateType.CANCELLING), STARTED),
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
        "SCHEDULED": _booked(next_scheduled_start_time=LATER),
        "PENDING": FRESH,
        "RUNNING": _booked(run_count=1, start_time=NOON),
        "final": _booked(start_time=NOON, end_time=NOON),
    },
    "PENDING": {
        "SCHEDULED": _booked(next_scheduled_start_time=LATER),
        "RUNNING": _booked(run_count=1, start_time=NOON),
        "final": _booked(start_time=NOON, end_time=NOON),
        "CANCELLING": FRESH,
    },
    "RUNNING": {
        "SCHEDULED": _booked(
            run_count=1, start_time=START, total_run_time=65.0, next_scheduled_start_time=LATER
        ),
        "RUNNING": _booked(run_count=2, start_time=START, total_run_time=65.0),
        "final": _booked(run_count=1, start_time=START, end_time=NOON, total_run_time=65.0),
        "PAUSED": _booked(run_count=1, start_time=START, total_run_time=65.0),
        "CANCELLING": _booked(run_count=1, start_time=START, total_run_time=65.0),
    },
    "COMPLETED": AFTER_ENDED,
    "COMPLETED, result": AFTER_ENDED,
    "FAILED": AFTER_ENDED,
    "CRASHED": AFTER_ENDED,
    "CANCELLED": AFTER_ENDED,
    "PAUSED": {
        "SCHEDULED": _booked(
            run_count=1, start_time=START, total_run_time=5.0, next_scheduled_start_time=LATER
        ),
        "RUNNING": _booked(run_count=2, start_time=START, total_run_time=5.0),
        "final": _booked(run_count=1, start_time=START, end_time=NOON, total_run_time=5.0),
        "CANCELLING": STARTED,
    },
    "CANCELLING": {
        "final": _booked(run_count=1, start_time=START, end_time=NOON, total_run_time=5.0),
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


def _cells() -> list[tuple[str, str, str]]:
    head, *rows = MATRIX.strip().splitlines()
    columns = head.split()
    return [
        (row[:20].strip(), column, letter)
        for row in rows
        for column, letter in zip(columns, row[20:].split(), strict=True)
    ]


@pytest.mark.parametrize(
    ("row", "column", "letter"), _cells(), ids=lambda value: str(value).replace(", ", "-with-")
)
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


def test_the_matrix_has_all_cells() -> None:
    assert len(_cells()) == 11 * 9
    assert {column for _, column, _ in _cells()} == {each.value for each in StateType}
