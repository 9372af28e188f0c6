"""A timer fires for the state that it was set for, or does nothing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from events.changes import FlowRunDeleted
from events.decisions import Asked, Decision, Outcome
from events.entities import Bookkeeping, flow_run_key
from events.policies import FlowRunPolicy
from events.proposals import FireTimer, ProposeTaskRunState, TimerKind
from events.states import State, StateDetails, StateType
from events.states.constructors import Pending
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    MINUTE,
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RUN,
    STATE,
    a_flow_run,
    a_state,
    propose,
)

DUE = NOON - MINUTE
TOO_LATE = "The flow run has left the state that the timer was set for."
SCHEDULED = a_state(StateType.SCHEDULED, details=StateDetails(scheduled_time=DUE))
BOOKED = Bookkeeping(expected_start_time=DUE - HOUR, next_scheduled_start_time=DUE)
PAUSED = a_state(StateType.PAUSED, details=StateDetails(pause_timeout=DUE, pause_key="k"))
CANCELLING = a_state(StateType.CANCELLING)


def fire(timer: TimerKind, state_id: UUID = STATE) -> FireTimer:
    return FireTimer(id="a timer", by="timers", flow_run_id=RUN, timer=timer, state_id=state_id)


def fired(case: Case, timer: TimerKind, **asked: Any) -> tuple[Decision, State]:
    """What is decided when *timer* fires, and the state that the run is in then."""
    decision = case.decided(fire(timer))
    assert decision.outcome is Outcome.ACCEPT
    assert decision.kind == "fire_timer"
    assert decision.asked == Asked(**asked)
    return decision, case.state


def left_alone(case: Case, timer: TimerKind, state_id: UUID = STATE) -> None:
    decision = case.decided(fire(timer, state_id))
    assert (decision.outcome, decision.reason) == (Outcome.REJECT, TOO_LATE)
    assert decision.rule == "FireTimersOfTheCurrentState"
    assert decision.changes == ()


def test_a_scheduled_run_becomes_late_and_its_times_stay(case: Case) -> None:
    """Spec 8.1 and edge case 35."""
    case.given(a_flow_run(SCHEDULED, BOOKED))
    _, state = fired(case, "late", type=StateType.SCHEDULED, name="Late")
    assert (state.type, state.name) == (StateType.SCHEDULED, "Late")
    assert state.state_details.scheduled_time == DUE
    assert case.flow_run.progress.booked == BOOKED


def test_a_late_run_is_not_late_again(case: Case) -> None:
    """Edge case 35."""
    case.given(a_flow_run(a_state(StateType.SCHEDULED, "Late"), BOOKED))
    decision = case.decided(fire("late"))
    assert (decision.outcome, decision.changes) == (Outcome.REJECT, ())
    assert decision.reason == "This flow run is already marked late."


def test_a_pause_that_nobody_ended_fails_the_run_and_says_paused(case: Case) -> None:
    """Spec 8.2 and edge case 13; `resuming` is not set, and the pause keys stay: edge case 14."""
    policy = FlowRunPolicy(pause_keys=frozenset({"k"}))
    case.given(a_flow_run(PAUSED, policy=policy))
    _, state = fired(case, "pause", type=StateType.FAILED, name="Failed", force=True)
    assert (state.type, state.message) == (
        StateType.FAILED,
        "The flow was paused and never resumed.",
    )
    assert case.policy == policy


def test_a_failed_pause_is_not_retried(case: Case) -> None:
    case.given(a_flow_run(PAUSED, policy=FlowRunPolicy(retries=3)))
    _, state = fired(case, "pause", type=StateType.FAILED, name="Failed", force=True)
    assert state.name == "Failed"


@pytest.mark.parametrize("timeout", [NOON, NOON + timedelta(microseconds=1), None])
def test_a_pause_lasts_until_its_deadline_is_past(case: Case, timeout: Any) -> None:
    case.given(a_flow_run(a_state(StateType.PAUSED, details=StateDetails(pause_timeout=timeout))))
    left_alone(case, "pause")


def test_cancelling_that_takes_too_long_ends_as_cancelled(case: Case) -> None:
    """Spec 8.3."""
    case.given(a_flow_run(CANCELLING))
    _, state = fired(case, "cancelling", type=StateType.CANCELLED, name="Cancelled")
    assert (state.type, state.message) == (
        StateType.CANCELLED,
        "Flow run cancellation timed out; marked this flow run as Cancelled.",
    )


@pytest.mark.parametrize("timer", ["late", "pause", "cancelling"])
@pytest.mark.parametrize("state", [SCHEDULED, PAUSED, CANCELLING])
def test_another_state_of_the_same_kind_is_left_alone(
    case: Case, timer: TimerKind, state: State
) -> None:
    """Edge case 61: the timer is tied to one state's id, and to nothing that the state says."""
    case.given(a_flow_run(state, BOOKED))
    left_alone(case, timer, UUID(int=1))


@pytest.mark.parametrize(
    ("timer", "state"),
    [("late", CANCELLING), ("pause", SCHEDULED), ("cancelling", PAUSED), ("late", PAUSED)],
)
def test_a_timer_of_another_kind_does_nothing(case: Case, timer: TimerKind, state: State) -> None:
    case.given(a_flow_run(state, BOOKED))
    left_alone(case, timer)


def test_a_run_that_has_moved_on_is_left_alone(case: Case) -> None:
    case.given(a_flow_run(SCHEDULED, BOOKED))
    case.accepts(propose(Pending(), id="claimed"))
    left_alone(case, "late")


def test_a_run_without_a_state_is_left_alone(case: Case) -> None:
    case.given(a_flow_run())
    left_alone(case, "late")


def test_a_run_that_is_gone_is_no_reason_to_complain(case: Case) -> None:
    case.given(a_flow_run(SCHEDULED, BOOKED))
    gone = Decision(
        proposal_id="gone",
        kind="delete_flow_run",
        subject=flow_run_key(RUN),
        version=2,
        at=NOON,
        changes=(FlowRunDeleted(id=RUN),),
    )
    case.given(gone)
    left_alone(case, "late")


def test_the_task_run_that_stands_for_a_subflow_follows(case: Case) -> None:
    parent: dict[str, Any] = {
        "parent_task_run_id": PARENT_TASK_RUN,
        "parent_flow_run_id": PARENT_RUN,
    }
    case.given(a_flow_run(CANCELLING, **parent))
    decision, state = fired(case, "cancelling", type=StateType.CANCELLED, name="Cancelled")
    (follow_up,) = decision.follow_ups
    assert isinstance(follow_up, ProposeTaskRunState)
    assert (follow_up.task_run_id, follow_up.by) == (PARENT_TASK_RUN, "timers")
    assert follow_up.state.message == state.message
