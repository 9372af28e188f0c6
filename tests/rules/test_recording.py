"""What engines say of their own task runs is recorded; the newest state is where a run is."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec import UNSET, structs

from events.changes import (
    Left,
    LogLine,
    LogsWritten,
    StateEntered,
    StateRecorded,
    TaskRunAmended,
    TaskRunCreated,
)
from events.entities import Bookkeeping, TaskRunAttributes, task_run_key
from events.policies import TaskRunPolicy
from events.proposals import RecordedFields, RecordTaskRun, WriteLogs
from events.slugs import slug_of
from events.states import DEFAULT_NAMES, State, StateDetails, StateType
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    MINUTE,
    NOON,
    RUN,
    STATE,
    TASK_RUN,
    TASK_RUN_ATTRIBUTES,
    a_flow_run,
    a_state,
    a_task_run,
)

OTHER = UUID("0190a5b2-6f2e-4a10-9a77-0000000000ff")
KEY = task_run_key(TASK_RUN)
OWN = StateDetails(flow_run_id=RUN, task_run_id=TASK_RUN)


def happened(type: StateType, number: int, at: datetime = NOON, **rest: Any) -> State:
    """A state as an engine tells of it."""
    return State(id=UUID(int=number), type=type, name=DEFAULT_NAMES[type], timestamp=at, **rest)


def record(
    state: State,
    *,
    id: UUID = TASK_RUN,
    flow_run_id: UUID | None = RUN,
    **fields: Any,
) -> RecordTaskRun:
    return RecordTaskRun(
        id=f"event {state.id}",
        task_run_id=id,
        flow_run_id=flow_run_id,
        state=state,
        task_run=RecordedFields(task_key="load", dynamic_key="0", **fields),
    )


def test_the_first_state_makes_the_run(case: Case) -> None:
    policy = TaskRunPolicy(retries=2)
    case.when(
        record(
            happened(StateType.PENDING, 1),
            name="load-0",
            tags=["a"],
            empirical_policy=policy,
            expected_start_time=NOON,
        )
    )
    attributes = TaskRunAttributes(
        id=TASK_RUN,
        name="load-0",
        task_key="load",
        dynamic_key="0",
        created=NOON,
        flow_run_id=RUN,
        tags=["a"],
        empirical_policy=policy,
    )
    case.then(
        TaskRunCreated(attributes=attributes),
        StateEntered(
            state=happened(StateType.PENDING, 1, state_details=OWN),
            booked=Bookkeeping(expected_start_time=NOON),
        ),
        subject=KEY,
    )


def test_a_newer_state_moves_the_run_and_keeps_what_it_does_not_tell(case: Case) -> None:
    """Edge case 57: the numbers are the engine's, and an absent field changes nothing."""
    before = Bookkeeping(expected_start_time=NOON - HOUR, end_time=NOON - MINUTE, run_count=1)
    case.given(a_task_run(a_state(StateType.PENDING), before))
    case.when(
        record(
            happened(StateType.RUNNING, 2, data={"x": 1}),
            run_count=7,
            start_time=NOON,
            total_run_time=1.5,
        )
    )
    left = Left(
        id=STATE, type=StateType.PENDING, name="Pending", timestamp=NOON - MINUTE, start_time=None
    )
    case.then(
        StateEntered(
            state=happened(StateType.RUNNING, 2, data={"x": 1}, state_details=OWN),
            booked=Bookkeeping(
                run_count=7,
                expected_start_time=NOON - HOUR,
                start_time=NOON,
                end_time=NOON - MINUTE,
                total_run_time=1.5,
            ),
            left=left,
        ),
        subject=KEY,
    )


def test_a_run_that_is_expected_at_another_time_leaves_the_one_it_was_expected_at(
    case: Case,
) -> None:
    case.given(a_task_run(a_state(StateType.PENDING), Bookkeeping(expected_start_time=NOON)))
    told = record(happened(StateType.SCHEDULED, 2), expected_start_time=NOON + HOUR)
    (entered,) = case.decided(told).changes
    assert isinstance(entered, StateEntered)
    assert entered.left is not None
    assert entered.left.expected_start_time == NOON
    again = record(happened(StateType.RUNNING, 3, NOON + MINUTE), expected_start_time=NOON + HOUR)
    (entered,) = case.decided(again).changes
    assert isinstance(entered, StateEntered)
    assert entered.left is not None
    assert entered.left.expected_start_time is UNSET


def test_what_it_tells_of_the_run_is_amended(case: Case) -> None:
    case.given(a_task_run(a_state(StateType.PENDING)))
    decision = case.decided(
        record(happened(StateType.RUNNING, 2), name="other", tags=[], flow_run_run_count=3)
    )
    attributes = TaskRunAttributes(
        id=TASK_RUN,
        name="other",
        task_key="load",
        dynamic_key="0",
        created=TASK_RUN_ATTRIBUTES.created,
        flow_run_id=RUN,
    )
    assert decision.changes[0] == TaskRunAmended(attributes=attributes, flow_run_run_count=3)
    assert case.task_run.attributes == attributes
    assert case.task_run.progress.flow_run_run_count == 3


def test_what_it_tells_again_is_not_amended(case: Case) -> None:
    case.asked(record(happened(StateType.PENDING, 1), name="load-0", flow_run_run_count=3))
    again = record(
        happened(StateType.RUNNING, 2, NOON + MINUTE), name="load-0", flow_run_run_count=3
    )
    (change,) = case.decided(again).changes
    assert isinstance(change, StateEntered)


@pytest.mark.parametrize("timestamp", [NOON - HOUR, NOON - MINUTE], ids=["older", "as old"])
def test_an_older_state_is_recorded_and_moves_nothing(case: Case, timestamp: datetime) -> None:
    """Edge case 57."""
    case.given(a_task_run(a_state(StateType.RUNNING), Bookkeeping(run_count=1)))
    run = case.task_run
    case.when(record(happened(StateType.PENDING, 2, timestamp), name="older", run_count=0))
    case.then(
        StateRecorded(state=happened(StateType.PENDING, 2, timestamp, state_details=OWN)),
        subject=KEY,
    )
    assert case.task_run.attributes == run.attributes
    assert case.task_run.progress.state == run.progress.state
    assert case.task_run.progress.booked == run.progress.booked


def test_the_same_state_again_changes_nothing(case: Case) -> None:
    """Edge case 57."""
    case.asked(record(happened(StateType.RUNNING, 1)))
    again = record(happened(StateType.RUNNING, 1), name="again")
    case.when(structs.replace(again, id="delivered again"))
    case.then(subject=KEY)


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (1, 3, 2)])
def test_in_any_order_the_newest_state_is_where_the_run_is(
    case: Case, order: tuple[int, ...]
) -> None:
    """Edge case 57."""
    for number in order:
        case.asked(
            record(happened(StateType.RUNNING, number, NOON + number * MINUTE), run_count=number)
        )
    state = case.task_run.progress.state
    assert state is not None
    assert (state.id, case.task_run.progress.booked.run_count) == (UUID(int=3), 3)


def test_who_has_the_place_is_who_the_state_is_of(case: Case) -> None:
    """Another id with the same natural key is the same run, and its states are re-pointed."""
    case.given(a_flow_run(), a_task_run(a_state(StateType.PENDING)))
    decision = case.decided(record(happened(StateType.RUNNING, 2), id=OTHER))
    assert decision.subject == KEY
    state = case.task_run.progress.state
    assert state is not None
    assert state.state_details == OWN
    assert task_run_key(OTHER) not in case.known


def test_a_state_without_flow_run_detaches_the_run(case: Case) -> None:
    """Edge case 57: its place is free for another."""
    case.given(a_task_run(a_state(StateType.PENDING)))
    case.asked(record(happened(StateType.RUNNING, 2), flow_run_id=None))
    assert case.task_run.attributes.flow_run_id is None
    case.asked(record(happened(StateType.RUNNING, 3), id=OTHER))
    assert task_run_key(OTHER) in case.known


def test_a_run_without_a_name_gets_two_words(case: Case) -> None:
    case.asked(record(happened(StateType.PENDING, 1)))
    assert case.task_run.attributes.name == slug_of(TASK_RUN)


def test_the_first_state_may_come_late_in_the_runs_life(case: Case) -> None:
    case.asked(record(happened(StateType.COMPLETED, 1), run_count=2, flow_run_run_count=1))
    assert case.task_run.progress.booked.run_count == 2
    assert case.task_run.progress.flow_run_run_count == 1


def test_no_rule_refuses_what_happened(case: Case) -> None:
    """Edge cases 51 and 58: whatever state the flow run is in, which stays as it is."""
    case.given(a_flow_run(a_state(StateType.CANCELLED)), a_task_run(a_state(StateType.COMPLETED)))
    flow_run = case.flow_run
    decision = case.decided(record(happened(StateType.RUNNING, 2)))
    assert (decision.reason, decision.follow_ups) == (None, ())
    assert case.flow_run == flow_run


def test_logs_are_written_and_are_no_decision_about_the_run(case: Case) -> None:
    lines = [
        LogLine(id=UUID(int=1), name="flow", level=20, message="hello", timestamp=NOON),
    ]
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    run = case.flow_run
    case.when(WriteLogs(id="some lines", run_id=RUN, lines=lines))
    case.then(LogsWritten(lines=lines))
    assert case.flow_run == run
