"""A failed task run is retried until its retries are spent, after a delay that can be replayed."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.changes import StateEntered
from events.decisions import Decision, Outcome
from events.entities import Bookkeeping
from events.policies import SECONDS_MAX, TaskRunPolicy
from events.states import StateDetails, StateType
from events.states.constructors import Completed, Crashed, Failed
from services.rules import echoed
from services.rules.jitter import jittered
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    NOON,
    RESULT,
    UNPERSISTED,
    a_flow_run,
    a_state,
    a_task_run,
    propose_task,
)

RUNNING = a_state(StateType.RUNNING)


def failing(case: Case, attempt: int, **policy: Any) -> None:
    case.given(
        a_flow_run(a_state(StateType.RUNNING)),
        a_task_run(
            RUNNING,
            Bookkeeping(run_count=attempt, expected_start_time=NOON - HOUR),
            empirical_policy=TaskRunPolicy(**policy),
        ),
    )


def delay_of(decision: Decision) -> float:
    (state,) = [each.state for each in decision.changes if isinstance(each, StateEntered)]
    due = state.state_details.scheduled_time
    assert due is not None
    assert state.name == "AwaitingRetry"
    return (due - NOON).total_seconds()


def test_a_failed_task_run_with_retries_left_waits_for_the_next(case: Case) -> None:
    failing(case, 1, retries=1, retry_delay=30)
    details = StateDetails(traceparent="t", cache_key="k")
    case.when(propose_task(Failed(message="boom", data=RESULT, state_details=details)))
    due = NOON + timedelta(seconds=30)
    booked = Bookkeeping(
        run_count=1,
        expected_start_time=NOON - HOUR,
        next_scheduled_start_time=due,
        total_run_time=60.0,
    )
    case.then(
        case.entered(
            StateType.SCHEDULED,
            "AwaitingRetry",
            booked=booked,
            message="boom",
            data=RESULT,
            details=StateDetails(scheduled_time=due),
            task=True,
        ),
        outcome=Outcome.REJECT,
        rule="RetryFailedTasks",
        reason="Retrying",
    )


@pytest.mark.parametrize(
    ("attempt", "policy"), [(2, {"retries": 1}), (1, {"retries": 0}), (1, {}), (1, {"retries": -1})]
)
def test_without_retries_left_it_stays_failed(
    case: Case, attempt: int, policy: dict[str, Any]
) -> None:
    """Edge case 30: n retries are n + 1 attempts."""
    failing(case, attempt, **policy)
    case.accepts(propose_task(Failed(message="boom")))


def test_a_failure_that_says_it_is_in_vain_is_not_retried(case: Case) -> None:
    failing(case, 1, retries=5)
    case.accepts(propose_task(Failed(state_details=StateDetails(retriable=False))))


def test_one_that_says_it_is_not_is(case: Case) -> None:
    failing(case, 1, retries=5)
    failed = Failed(state_details=StateDetails(retriable=True))
    assert case.decided(propose_task(failed)).rule == "RetryFailedTasks"


@pytest.mark.parametrize("state", [Crashed(), Completed()])
def test_only_failures_are_retried(case: Case, state: Any) -> None:
    failing(case, 1, retries=5)
    case.accepts(propose_task(state))


@pytest.mark.parametrize("type", [StateType.PENDING, StateType.PAUSED, StateType.CANCELLING])
def test_only_what_ran_is_retried(case: Case, type: StateType) -> None:
    case.given(a_flow_run(), a_task_run(a_state(type), empirical_policy=TaskRunPolicy(retries=5)))
    case.accepts(propose_task(Failed()))


def test_a_forced_failure_is_not_retried(case: Case) -> None:
    failing(case, 1, retries=5)
    case.accepts(propose_task(Failed(), force=True))


@pytest.mark.parametrize(
    ("delays", "attempt", "seconds"),
    [
        ([1, 2.5, 4], 1, 1),
        ([1, 2.5, 4], 2, 2.5),
        ([1, 2.5, 4], 3, 4),
        ([1, 2.5, 4], 9, 4),
        ([1, 2.5, 4], 0, 4),
        ([1, 2.5, 4], -7, 1),
        ([], 1, 0),
        (None, 1, 0),
        (2.5, 7, 2.5),
    ],
)
def test_each_attempt_has_its_delay(case: Case, delays: Any, attempt: int, seconds: float) -> None:
    """Edge case 31: the last one is for all later attempts, and for one before the first."""
    failing(case, attempt, retries=10, retry_delay=delays)
    assert delay_of(case.decided(propose_task(Failed()))) == seconds


@pytest.mark.parametrize("delay", [None, 0, [0]])
def test_no_delay_has_no_jitter(case: Case, delay: Any) -> None:
    """Edge case 32."""
    failing(case, 1, retries=1, retry_delay=delay, retry_jitter_factor=0.5)
    assert delay_of(case.decided(propose_task(Failed()))) == 0


def test_a_jittered_delay_is_near_and_another_for_each_failure(case: Case) -> None:
    failing(case, 1, retries=1, retry_delay=100, retry_jitter_factor=0.3)
    known, seen = dict(case.known), set[float]()
    for number in range(20):
        case.known = dict(known)
        delay = delay_of(case.decided(propose_task(Failed(), id=f"failure {number}")))
        assert 75.2 <= delay <= 130.0
        seen.add(delay)
    assert len(seen) == 20


def test_what_a_failure_brings_is_shown_to_who_brought_it(case: Case) -> None:
    failing(case, 1, retries=1)
    failed = Failed(data=UNPERSISTED)
    shown = echoed(case.decided(propose_task(failed)), failed)
    assert shown is not None
    assert (shown.name, shown.data) == ("AwaitingRetry", UNPERSISTED)
    assert case.task_run.progress.state is not None
    assert case.task_run.progress.state.data is None


fractions = st.floats(0, 1, exclude_max=True)


@given(st.floats(1e-6, SECONDS_MAX), st.floats(0, 1e308), fractions)
def test_a_jittered_delay_has_its_bounds(seconds: float, factor: float, fraction: float) -> None:
    delay = jittered(seconds, factor, fraction)
    assert 0 <= delay <= min(seconds * (1 + factor) * (1 + 1e-9), SECONDS_MAX)
    assert jittered(0, factor, fraction) == jittered(-seconds, factor, fraction) == 0


@pytest.mark.parametrize(
    ("factor", "shortest"), [(0.3, 0.752), (1.0, 0.415), (0.0, 1.0), (48.9, 0.0), (60.0, 0.0)]
)
def test_the_bounds_are_these(factor: float, shortest: float) -> None:
    assert jittered(1.0, factor, 0.0) == pytest.approx(shortest, abs=1e-3)
    longest = jittered(1.0, factor, 1 - 2**-53)
    assert longest == pytest.approx(min(1 + factor, 36.7), abs=0.1)


@pytest.mark.parametrize("factor", [0.3, 1.0, 5.0])
def test_the_mean_stays_near(factor: float) -> None:
    mean = sum(jittered(10.0, factor, (n + 0.5) / 1_000) for n in range(1_000)) / 1_000
    assert mean == pytest.approx(10.0, rel=0.05)
