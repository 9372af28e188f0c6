"""Every state of a task run and every proposed one: what is accepted and what is booked.

Its flow run runs; nothing is cached, no retries, no schedule delay. A: accepted. R: refused, the
run stays. B: aborted. The same for background task runs, which are claimed once.
"""

from msgspec import structs

from events.changes import Change, StateEntered, TaskRunAmended, TaskRunEnqueued
from events.decisions import NO_FACTS, Facts, Outcome
from events.entities import Bookkeeping
from events.states import FINAL, StateDetails, StateType
from tests.support.case import Case
from tests.support.examples import (
    NOON,
    TASK_RUN_ATTRIBUTES,
    a_flow_run,
    a_state,
    a_task_run,
    propose_task,
)
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
no state            A         A       A       A         A      A         A       A      A
SCHEDULED           A         A       A       A         A      A         A       A      A
PENDING             A         A       A       A         A      A         A       A      A
RUNNING             A         A       A       A         A      A         A       A      A
COMPLETED           A         A       A       A         A      A         B       B      B
COMPLETED, result   R         R       R       R         R      R         B       B      B
FAILED              A         A       A       A         A      A         B       B      B
CRASHED             A         A       A       A         A      A         B       B      B
CANCELLED           A         A       A       A         A      A         B       B      B
PAUSED              A         A       A       A         A      A         A       A      A
CANCELLING          A         A       A       A         A      A         A       A      A
"""
CLAIMED_ONCE = ("PENDING", "RUNNING", "CANCELLING", "CANCELLED")
"""The rows from which a background task run cannot become pending."""

NEVER_STARTED = {
    "SCHEDULED": booked(next_scheduled_start_time=LATER),
    "RUNNING": booked(run_count=1, start_time=NOON),
    "final": booked(start_time=NOON, end_time=NOON),
    "other": booked(),
}
AFTER_THE_END = {
    "SCHEDULED": booked(start_time=START, total_run_time=5.0, next_scheduled_start_time=LATER),
    "RUNNING": booked(run_count=1, start_time=START, total_run_time=5.0),
    "final": ENDED,
    "other": booked(start_time=START, total_run_time=5.0),
}
"""The attempts before the end are not counted; the start is still the first one."""
SET_OUT = {
    "SCHEDULED": booked(
        run_count=1, start_time=START, total_run_time=5.0, next_scheduled_start_time=LATER
    ),
    "RUNNING": booked(run_count=2, start_time=START, total_run_time=5.0),
    "final": booked(run_count=1, start_time=START, end_time=NOON, total_run_time=5.0),
    "other": STARTED,
}

BOOKED: dict[str, dict[str, Bookkeeping]] = {
    "no state": {
        "SCHEDULED": Bookkeeping(expected_start_time=LATER, next_scheduled_start_time=LATER),
        "RUNNING": Bookkeeping(run_count=1, expected_start_time=NOON, start_time=NOON),
        "final": Bookkeeping(expected_start_time=NOON, start_time=NOON, end_time=NOON),
        "other": Bookkeeping(expected_start_time=NOON),
    },
    "SCHEDULED": NEVER_STARTED,
    "PENDING": NEVER_STARTED,
    "RUNNING": {
        column: structs.replace(booked, total_run_time=65.0) for column, booked in SET_OUT.items()
    },
    "PAUSED": SET_OUT,
    "CANCELLING": SET_OUT,
    **dict.fromkeys(("COMPLETED", "FAILED", "CRASHED", "CANCELLED"), AFTER_THE_END),
}
"""The bookkeeping after each state that is entered."""

BEGUN_ANEW = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
RENAMED: dict[str, str] = {
    **dict.fromkeys(("RUNNING", "PAUSED", "CANCELLING"), "Rerunning"),
    **dict.fromkeys(BEGUN_ANEW, "Retrying"),
}
"""What RUNNING is called: an attempt counted before is repeated; an ended run sees that its flow
run has been attempted since."""

OUTCOMES = {"A": Outcome.ACCEPT, "R": Outcome.REJECT, "B": Outcome.ABORT}
FLOW_RUN = a_flow_run(a_state(StateType.RUNNING), Bookkeeping(run_count=2))


@each_cell(MATRIX)
def test_the_task_matrix_holds(case: Case, row: str, column: str, letter: str) -> None:
    case.given(FLOW_RUN, a_task_run(*INITIAL[row]))
    case.when(propose_task(PROPOSED[column]))
    rule = None if letter == "A" else "HandleTaskTerminalStateTransitions"
    case.then(
        *_changes(case, row, column, letter),
        outcome=OUTCOMES[letter],
        rule=rule,
        reason=_reason(row, letter),
        facts=Facts(flow_run_state=StateType.RUNNING, flow_run_run_count=2)
        if column == "RUNNING"
        else NO_FACTS,
    )


def _reason(row: str, letter: str) -> str | None:
    match letter:
        case "R":
            return "This run is already completed."
        case "B":
            return f"Run is already {row.partition(',')[0]}."
        case _:
            return None


def _changes(case: Case, row: str, column: str, letter: str) -> list[Change]:
    if letter != "A":
        return []
    kind, proposed = StateType(column), PROPOSED[column]
    booked = BOOKED[row]
    claimed = (row, column) == ("SCHEDULED", "PENDING")
    entered = case.entered(
        kind,
        RENAMED.get(row) if kind is StateType.RUNNING else None,
        booked=booked.get("final" if kind in FINAL else column, booked["other"]),
        message=proposed.message,
        data=proposed.data,
        details=StateDetails(scheduled_time=DUE) if claimed else proposed.state_details,
        task=True,
    )
    if column != "RUNNING":
        return [entered]
    return [TaskRunAmended(attributes=TASK_RUN_ATTRIBUTES, flow_run_run_count=2), entered]


@each_cell(MATRIX)
def test_the_matrix_of_background_tasks_differs_in_claims(
    case: Case, row: str, column: str, letter: str
) -> None:
    """Edge case 47: they are claimed once, also by force."""
    proposed = PROPOSED[column]
    details = structs.replace(proposed.state_details, deferred=True)
    proposed = structs.replace(proposed, state_details=details)
    case.given(FLOW_RUN, a_task_run(*INITIAL[row]))
    if column == "PENDING" and row in CLAIMED_ONCE:
        letter = "B"
    for force in (False, True):
        decision = case.decided(propose_task(proposed, force=force, id=f"forced: {force}"))
        assert decision.outcome is OUTCOMES[letter]
        entered = [each for each in decision.changes if isinstance(each, StateEntered)]
        queued = [each for each in decision.changes if isinstance(each, TaskRunEnqueued)]
        assert bool(entered) is (letter == "A")
        assert bool(queued) is (letter == "A" and column == "SCHEDULED")
        case.known = dict(case.before)


@each_cell(MATRIX)
def test_the_matrix_of_forced_states_accepts_all(
    case: Case, row: str, column: str, letter: str
) -> None:
    """Nothing is asked, renamed or reset; the books are kept."""
    state, booked = INITIAL[row]
    case.given(FLOW_RUN, a_task_run(state, booked))
    case.accepts(propose_task(PROPOSED[column], force=True))
    attempts = booked.run_count + (column == "RUNNING")
    assert case.task_run.progress.booked.run_count == attempts
    assert case.task_run.progress.flow_run_run_count == 0
