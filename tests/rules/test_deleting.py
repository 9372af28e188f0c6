"""A run is forgotten on request, with what led to it; its decisions stay in the log."""

from uuid import UUID

import pytest

from events.changes import FlowRunDeleted, Left, TaskRunDeleted
from events.decisions import Outcome
from events.entities import (
    NOTHING_BOOKED,
    Bookkeeping,
    flow_run_key,
    task_place_key,
    task_run_key,
)
from events.proposals import (
    AmendTaskRun,
    CreateTaskRun,
    DeleteFlowRun,
    DeleteTaskRun,
    UnscheduleFlowRun,
)
from events.states import State, StateType
from events.states.constructors import Running
from services.rules import answered, needs
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    MINUTE,
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RUN,
    STATE,
    TASK_RUN,
    a_flow_run,
    a_state,
    a_task_run,
    propose,
    propose_task,
)

PLACE = task_place_key(RUN, "load", "0")
BOOKED = Bookkeeping(
    run_count=1, expected_start_time=NOON - HOUR, start_time=NOON - HOUR, total_run_time=5.0
)


def test_a_flow_run_goes_with_the_task_runs_that_are_its_own(case: Case) -> None:
    elsewhere = a_task_run(id=PARENT_TASK_RUN, flow_run_id=PARENT_RUN, dynamic_key="1")
    case.given(a_flow_run(a_state(StateType.RUNNING), BOOKED), a_task_run(), elsewhere)
    stranger = UUID(int=9)
    named = [TASK_RUN, TASK_RUN, PARENT_TASK_RUN, stranger]
    case.when(DeleteFlowRun(id="d", flow_run_id=RUN, task_run_ids=named))
    left = Left(
        id=STATE,
        type=StateType.RUNNING,
        name="Running",
        timestamp=NOON - MINUTE,
        start_time=NOON - HOUR,
        total_run_time=5.0,
    )
    case.then(
        TaskRunDeleted(id=TASK_RUN, place=PLACE),
        FlowRunDeleted(id=RUN, left=left, expected_start_time=NOON - HOUR),
    )
    assert set(case.known) == {
        task_run_key(PARENT_TASK_RUN),
        task_place_key(PARENT_RUN, "load", "1"),
    }


def test_a_flow_run_without_a_state_leaves_none(case: Case) -> None:
    case.given(a_flow_run())
    case.when(DeleteFlowRun(id="d", flow_run_id=RUN))
    case.then(FlowRunDeleted(id=RUN))


def test_what_is_deleted_is_unknown(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING)), a_task_run(a_state(StateType.PENDING)))
    deletion = DeleteFlowRun(id="d", flow_run_id=RUN, task_run_ids=[TASK_RUN])
    case.asked(deletion)
    unknown_run = f"Flow run with id {RUN} not found"
    for proposal in (propose(Running()), deletion):
        case.when(proposal)
        case.then_undecidable(unknown_run, "flow_run_id", missing=True)
        assert answered(case.known, proposal) is None
    deletion_of_task = DeleteTaskRun(id="e", task_run_id=TASK_RUN, flow_run_id=RUN)
    rename = AmendTaskRun(id="f", task_run_id=TASK_RUN, flow_run_id=RUN, name="x")
    for proposal in (propose_task(Running()), deletion_of_task, rename):
        case.when(proposal)
        missing = f"Task run with id {TASK_RUN} not found"
        case.then_undecidable(missing, "task_run_id", missing=True)


def test_a_task_run_is_deleted_and_its_place_is_free(case: Case) -> None:
    booked = Bookkeeping(expected_start_time=NOON - HOUR)
    case.given(a_flow_run(), a_task_run(a_state(StateType.PENDING), booked))
    case.when(DeleteTaskRun(id="d", task_run_id=TASK_RUN, flow_run_id=RUN))
    left = Left(id=STATE, type=StateType.PENDING, name="Pending", timestamp=NOON - MINUTE)
    gone = TaskRunDeleted(id=TASK_RUN, place=PLACE, left=left, expected_start_time=NOON - HOUR)
    case.then(gone)
    assert PLACE not in case.known
    again = CreateTaskRun(
        id="c", flow_run_id=RUN, task_run_id=PARENT_TASK_RUN, task_key="load", dynamic_key="0"
    )
    assert case.decided(again).subject == task_run_key(PARENT_TASK_RUN)


def test_a_place_that_leads_to_another_run_stays(case: Case) -> None:
    usurper = a_task_run(id=PARENT_TASK_RUN)
    case.given(a_flow_run(), a_task_run(), usurper)
    case.when(DeleteTaskRun(id="d", task_run_id=TASK_RUN, flow_run_id=RUN))
    case.then(TaskRunDeleted(id=TASK_RUN))
    assert PLACE in case.known


def test_a_task_run_of_its_own_has_no_place(case: Case) -> None:
    case.given(a_task_run(flow_run_id=None))
    case.when(DeleteTaskRun(id="d", task_run_id=TASK_RUN))
    case.then(TaskRunDeleted(id=TASK_RUN))


def test_the_places_are_needed_once_the_runs_are_known(case: Case) -> None:
    one = DeleteTaskRun(id="d", task_run_id=TASK_RUN)
    assert needs(one) == (task_run_key(TASK_RUN),)
    case.given(a_flow_run(), a_task_run())
    assert needs(one, case.known) == (task_run_key(TASK_RUN), PLACE)
    every = DeleteFlowRun(id="d", flow_run_id=RUN, task_run_ids=[TASK_RUN])
    own = (f"flow_run:{RUN}", f"flow_run_inputs:{RUN}")
    assert needs(every, case.known) == (*own, task_run_key(TASK_RUN), PLACE)


def test_a_deleted_run_can_be_made_again(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.COMPLETED)))
    case.asked(DeleteFlowRun(id="d", flow_run_id=RUN))
    case.given(a_flow_run(a_state(StateType.PENDING)))
    assert case.flow_run.progress.version == 1
    case.accepts(propose(Running()))


WAITING = a_state(StateType.SCHEDULED)


def unschedule(state_id: UUID = STATE) -> UnscheduleFlowRun:
    return UnscheduleFlowRun(id="changed", flow_run_id=RUN, state_id=state_id)


def test_a_run_that_waits_for_its_first_start_is_forgotten(case: Case) -> None:
    """Spec 8.5."""
    case.given(a_flow_run(WAITING))
    decision = case.decided(unschedule())
    (gone,) = decision.changes
    assert isinstance(gone, FlowRunDeleted)
    assert flow_run_key(RUN) not in case.known


@pytest.mark.parametrize(
    ("state", "booked", "id"),
    [
        (None, NOTHING_BOOKED, STATE),
        (WAITING, NOTHING_BOOKED, UUID(int=1)),
        (WAITING, Bookkeeping(run_count=1), STATE),
        (a_state(StateType.PENDING), NOTHING_BOOKED, STATE),
        (a_state(StateType.SCHEDULED, "AwaitingConcurrencySlot"), NOTHING_BOOKED, STATE),
    ],
)
def test_a_run_that_waits_no_more_or_for_something_else_stays(
    case: Case, state: State | None, booked: Bookkeeping, id: UUID
) -> None:
    """Edge case 42: who waits for a slot stays."""
    case.given(a_flow_run(state, booked))
    decision = case.decided(unschedule(id))
    assert (decision.outcome, decision.changes) == (Outcome.REJECT, ())
    assert decision.rule == "UnscheduleOnlyWaitingRuns"


def test_a_run_that_is_gone_needs_no_unscheduling(case: Case) -> None:
    assert case.decided(unschedule()).outcome is Outcome.REJECT
