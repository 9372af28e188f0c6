"""A task run begins while its flow run runs, in an attempt of it, from its first attempt on."""

import pytest
from msgspec import structs

from events.changes import TaskRunAmended
from events.decisions import Facts, Outcome
from events.entities import Bookkeeping
from events.states import ProposedState, State, StateDetails, StateType
from events.states.constructors import Completed, Failed, Paused, Pending, Running, Scheduled
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    NOON,
    RESULT,
    RUN,
    SECOND,
    STATE,
    TASK_RUN,
    TASK_RUN_ATTRIBUTES,
    UNPERSISTED,
    a_flow_run,
    a_state,
    a_task_run,
    propose_task,
)

PENDING = a_state(StateType.PENDING)
BOOKED = Bookkeeping(expected_start_time=NOON - HOUR)
STOPPED = "The enclosing flow must be running to begin task execution."
NOT_STARTED = [each for each in StateType if each not in (StateType.RUNNING, StateType.PAUSED)]


@pytest.mark.parametrize("type", [None, *NOT_STARTED])
def test_no_task_begins_in_a_flow_run_that_does_not_run(case: Case, type: StateType | None) -> None:
    """Edge case 51."""
    case.given(a_flow_run(None if type is None else a_state(type)), a_task_run(PENDING))
    case.when(propose_task(Running()))
    case.then(
        outcome=Outcome.ABORT,
        rule="PreventRunningTasksFromStoppedFlows",
        reason=STOPPED,
        facts=Facts(flow_run_state=type, flow_run_run_count=0),
    )
    assert case.task_run.progress.state == PENDING


def test_a_task_of_a_paused_flow_run_waits_with_it(case: Case) -> None:
    """Edge case 50: in a state with an id of its own."""
    paused = StateDetails(pause_timeout=NOON + HOUR, pause_reschedule=True, pause_key="1")
    case.given(a_flow_run(a_state(StateType.PAUSED, details=paused)), a_task_run(PENDING, BOOKED))
    case.when(propose_task(Running()))
    case.then(
        case.entered(
            StateType.PAUSED,
            "NotReady",
            booked=BOOKED,
            details=StateDetails(pause_timeout=NOON + HOUR, pause_reschedule=True),
            task=True,
        ),
        outcome=Outcome.REJECT,
        rule="PreventRunningTasksFromStoppedFlows",
        reason=f"The flow is paused, new tasks can execute after resuming flow run: {RUN}.",
        facts=Facts(flow_run_state=StateType.PAUSED, flow_run_run_count=0),
    )
    state = case.task_run.progress.state
    assert state is not None
    assert state.id != STATE


def test_what_is_forced_begins_anywhere(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.FAILED)), a_task_run(PENDING))
    case.accepts(propose_task(Running(), force=True))


def test_a_task_run_of_its_own_begins(case: Case) -> None:
    case.given(a_task_run(PENDING, BOOKED, flow_run_id=None))
    case.accepts(propose_task(Running(), flow_run_id=None))
    assert case.task_run.progress.flow_run_run_count == 0


@pytest.mark.parametrize("details", [StateDetails(), StateDetails(deferred=True)])
def test_a_task_run_whose_flow_run_is_gone_does_not(case: Case, details: StateDetails) -> None:
    case.given(a_task_run(PENDING))
    case.when(propose_task(Running(state_details=details)))
    case.then_undecidable(
        f"Unable to read flow run associated with task run: {TASK_RUN},"
        " this flow run might have been deleted",
        "flow_run_id",
        missing=True,
    )
    case.accepts(propose_task(Failed()))
    case.accepts(propose_task(Running(), force=True, id="forced"))


def test_it_is_noted_in_which_attempt_of_the_flow_run(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING), Bookkeeping(run_count=3)))
    case.given(a_task_run(PENDING, BOOKED))
    case.when(propose_task(Running()))
    case.then(
        TaskRunAmended(attributes=TASK_RUN_ATTRIBUTES, flow_run_run_count=3),
        case.entered(
            StateType.RUNNING,
            booked=Bookkeeping(run_count=1, expected_start_time=NOON - HOUR, start_time=NOON),
            task=True,
        ),
        facts=Facts(flow_run_state=StateType.RUNNING, flow_run_run_count=3),
    )
    assert case.task_run.progress.flow_run_run_count == 3
    decision = case.decided(propose_task(Running(), id="again"))
    assert not [each for each in decision.changes if isinstance(each, TaskRunAmended)]


def test_a_scheduled_task_run_waits_also_when_it_is_pending(case: Case) -> None:
    """Edge cases 33 and 34."""
    case.given(a_flow_run(a_state(StateType.RUNNING)), a_task_run(PENDING))
    case.asked(propose_task(Scheduled(NOON + 90 * SECOND), id="s"), propose_task(Pending(), id="p"))
    case.when(propose_task(Running()))
    case.then(
        outcome=Outcome.WAIT,
        rule="WaitForScheduledTime",
        reason="Scheduled time is in the future",
        delay_seconds=90,
        facts=Facts(flow_run_state=StateType.RUNNING, flow_run_run_count=0),
    )
    case.accepts(propose_task(Running(), id="later"), at=NOON + 90 * SECOND)


def _begun(case: Case, state: State, *, attempts: int, noted: int = 0) -> tuple[str, int]:
    """What RUNNING is called after *state*, and how many attempts are counted then.

    The flow run is in its second attempt; the task run has noted attempt *noted*.
    """
    made = a_task_run(state, Bookkeeping(run_count=attempts))
    amended = TaskRunAmended(attributes=TASK_RUN_ATTRIBUTES, flow_run_run_count=noted)
    case.given(
        a_flow_run(a_state(StateType.RUNNING), Bookkeeping(run_count=2)),
        structs.replace(made, changes=(*made.changes, amended)),
    )
    case.asked(propose_task(Running()))
    now = case.task_run.progress.state
    assert now is not None
    return now.name, case.task_run.progress.booked.run_count


ENDS = [StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED]


@pytest.mark.parametrize("type", ENDS)
def test_an_ended_task_run_starts_from_its_first_attempt(case: Case, type: StateType) -> None:
    """Edge case 26: it is no rerun, but a retry if its flow run has run again since."""
    assert _begun(case, a_state(type), attempts=3, noted=2) == ("Running", 1)
    assert _begun(case, a_state(type), attempts=3, noted=1) == ("Retrying", 1)


@pytest.mark.parametrize(
    ("state", "attempts", "named"),
    [
        (a_state(StateType.SCHEDULED, "AwaitingRetry"), 1, ("Retrying", 2)),
        (a_state(StateType.SCHEDULED, "AwaitingRetry"), 0, ("Running", 1)),
        (a_state(StateType.SCHEDULED), 1, ("Rerunning", 2)),
        (a_state(StateType.PENDING), 0, ("Running", 1)),
        (a_state(StateType.RUNNING), 1, ("Rerunning", 2)),
    ],
)
def test_an_attempt_after_the_first_is_called_so(
    case: Case, state: State, attempts: int, named: tuple[str, int]
) -> None:
    assert _begun(case, state, attempts=attempts) == named


@pytest.mark.parametrize("type", [StateType.SCHEDULED, StateType.PENDING])
def test_leaving_an_end_resets_the_attempts(case: Case, type: StateType) -> None:
    """Edge case 26: of a task run."""
    case.given(a_flow_run(), a_task_run(a_state(StateType.FAILED), Bookkeeping(run_count=3)))
    case.accepts(propose_task(ProposedState(type=type)))
    assert case.task_run.progress.booked.run_count == 0


@pytest.mark.parametrize(("flow_run", "outcome"), [("FAILED", "ABORT"), ("PAUSED", "REJECT")])
def test_a_task_run_that_may_not_begin_keeps_its_attempts(
    case: Case, flow_run: str, outcome: str
) -> None:
    case.given(
        a_flow_run(a_state(StateType(flow_run))),
        a_task_run(a_state(StateType.FAILED), Bookkeeping(run_count=3)),
    )
    assert case.decided(propose_task(Running())).outcome == outcome
    assert case.task_run.progress.booked.run_count == 3


RESULTS = [RESULT, {"x": 1}, [1], "text", 7, True]
NO_RESULTS: list[object] = [None, UNPERSISTED, {}, [], "", 0]


@pytest.mark.parametrize("data", RESULTS)
@pytest.mark.parametrize("proposed", [Running(), Failed(), Completed(data=RESULT)])
def test_a_task_run_with_a_result_keeps_it(
    case: Case, data: object, proposed: ProposedState
) -> None:
    """Edge cases 22 and 23: unlike a flow run, whatever it is asked to become."""
    state = a_state(StateType.COMPLETED, data=data)
    case.given(a_flow_run(a_state(StateType.RUNNING)), a_task_run(state))
    decision = case.decided(propose_task(proposed))
    assert (decision.outcome, decision.changes) == (Outcome.REJECT, ())
    assert decision.reason == "This run is already completed."
    case.accepts(propose_task(proposed, force=True, id="forced"))


@pytest.mark.parametrize("data", NO_RESULTS)
def test_a_task_run_without_one_may_run_again(case: Case, data: object) -> None:
    """Edge case 23."""
    state = a_state(StateType.COMPLETED, data=data)
    case.given(a_flow_run(a_state(StateType.RUNNING)), a_task_run(state))
    case.accepts(propose_task(Running()))


def test_a_task_run_that_has_ended_does_not_pause(case: Case) -> None:
    case.given(a_task_run(a_state(StateType.COMPLETED, data=RESULT)))
    decision = case.decided(propose_task(Paused()))
    assert (decision.outcome, decision.reason) == (Outcome.ABORT, "Run is already COMPLETED.")
