"""A failed run is retried until its retries are spent."""

import pytest

from events.changes import PolicyAmended
from events.decisions import Outcome
from events.entities import Bookkeeping, flow_run_key
from events.identity import derived_id
from events.policies import FlowRunPolicy, PolicyAmendment
from events.proposals import EndLease
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import Cancelled, Crashed, Failed, Pending, Running
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    LEASE,
    NOON,
    RESULT,
    RUN,
    SECOND,
    a_flow_run,
    a_state,
    force,
    propose,
)

RUNNING = a_state(StateType.RUNNING, details=StateDetails(deployment_concurrency_lease_id=LEASE))


def attempt(number: int, **rest: float) -> Bookkeeping:
    return Bookkeeping(
        run_count=number,
        expected_start_time=NOON - HOUR,
        start_time=NOON - HOUR,
        total_run_time=rest.get("total_run_time", 0.0),
    )


def test_a_failure_with_retries_left_becomes_a_retry(case: Case) -> None:
    """Footnote 7 and edge case 1: with the failure's message and data, and the lease."""
    policy = FlowRunPolicy(retries=1, retry_delay=30, pause_keys=frozenset({"1"}), resuming=True)
    case.given(a_flow_run(RUNNING, attempt(1), policy))
    case.when(
        propose(Failed(message="boom", data=RESULT, state_details=StateDetails(traceparent="t")))
    )
    due = NOON + 30 * SECOND
    booked = Bookkeeping(
        run_count=1,
        expected_start_time=NOON - HOUR,
        next_scheduled_start_time=due,
        start_time=NOON - HOUR,
        total_run_time=60.0,
    )
    details = StateDetails(scheduled_time=due, deployment_concurrency_lease_id=LEASE)
    case.then(
        case.entered(
            StateType.SCHEDULED,
            "AwaitingRetry",
            booked=booked,
            message="boom",
            data=RESULT,
            details=details,
        ),
        PolicyAmended(
            policy=PolicyAmendment(pause_keys=frozenset(), resuming=False, retry_type="in_process")
        ),
        outcome=Outcome.REJECT,
        rule="RetryFailedFlows",
        reason="Retrying",
    )


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_n_retries_are_n_and_one_attempts(case: Case, retries: int) -> None:
    """Edge case 30."""
    case.given(a_flow_run(a_state(StateType.PENDING), policy=FlowRunPolicy(retries=retries)))
    for number in range(retries + 1):
        case.accepts(propose(Running(), id=f"run {number}"))
        case.asked(propose(Failed(), id=f"fail {number}"))
    assert case.state.type is StateType.FAILED
    assert case.flow_run.progress.booked.run_count == retries + 1


def test_the_last_failure_stands_and_the_run_may_be_dispatched_again(case: Case) -> None:
    """Edge case 29."""
    policy = FlowRunPolicy(retries=1, pause_keys=frozenset({"1"}), retry_type="in_process")
    case.given(a_flow_run(RUNNING, attempt(2), policy))
    case.accepts(propose(Failed()))
    assert case.policy == FlowRunPolicy(retries=1, pause_keys=frozenset({"1"}))


def test_a_manual_restart_gets_no_retries_once_they_are_spent(case: Case) -> None:
    """Edge case 30."""
    case.given(a_flow_run(a_state(StateType.FAILED), attempt(2), FlowRunPolicy(retries=1)))
    case.accepts(propose(Running(), id="run"))
    case.accepts(propose(Failed(), id="fail"))


def test_a_failure_without_retries_stands(case: Case) -> None:
    case.given(a_flow_run(RUNNING, attempt(1)))
    case.when(propose(Failed(message="boom")))
    booked = attempt(1, total_run_time=60.0)
    ending = derived_id(NOON, flow_run_key(RUN), "a proposal", f"end {LEASE}")
    case.then(
        case.entered(
            StateType.FAILED,
            message="boom",
            booked=Bookkeeping(
                run_count=1,
                expected_start_time=booked.expected_start_time,
                start_time=booked.start_time,
                end_time=NOON,
                total_run_time=60.0,
            ),
            details=StateDetails(deployment_concurrency_lease_id=LEASE),
        ),
        follow_ups=(EndLease(id=str(ending), lease_id=LEASE),),
    )


@pytest.mark.parametrize("state", [Crashed(), Cancelled()], ids=str)
def test_only_a_failure_is_retried(case: Case, state: ProposedState) -> None:
    case.given(a_flow_run(RUNNING, attempt(1), FlowRunPolicy(retries=5)))
    case.accepts(propose(state))


def test_a_forced_failure_stands(case: Case) -> None:
    case.given(a_flow_run(RUNNING, attempt(1), FlowRunPolicy(retries=5)))
    case.accepts(force(Failed()))


def test_a_run_that_did_not_run_is_not_retried(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING), policy=FlowRunPolicy(retries=5)))
    case.accepts(propose(Failed()))


def test_a_veto_of_the_state_does_not_concern_flows(case: Case) -> None:
    case.given(a_flow_run(RUNNING, attempt(1), FlowRunPolicy(retries=1)))
    case.asked(propose(Failed(state_details=StateDetails(retriable=False))))
    assert case.state.name == "AwaitingRetry"


def test_for_an_older_proposer_the_policy_stays_as_it_is(case: Case) -> None:
    policy = FlowRunPolicy(retries=1, pause_keys=frozenset({"1"}))
    case.given(a_flow_run(RUNNING, attempt(1), policy))
    case.asked(propose(Failed(), api_version="0.8.3"))
    assert (case.state.name, case.policy) == ("AwaitingRetry", policy)


def test_a_retry_waits_for_its_delay(case: Case) -> None:
    """Edge cases 28 and 34: it waits as any scheduled run does, and stays in its process."""
    case.given(a_flow_run(RUNNING, attempt(1), FlowRunPolicy(retries=1, retry_delay=5)))
    case.asked(propose(Failed(), id="fail"))
    assert case.decided(propose(Running(), id="run")).delay_seconds == 5
    case.accepts(propose(Pending(), id="claim"))
    case.accepts(propose(Running(), id="later"), at=NOON + 5 * SECOND)
    assert case.policy.retry_type == "in_process"


def test_the_deprecated_fields_of_a_policy_still_count(case: Case) -> None:
    policy = FlowRunPolicy(max_retries=1, retry_delay_seconds=5)
    case.given(a_flow_run(RUNNING, attempt(1), policy))
    case.asked(propose(Failed()))
    assert case.state.state_details.scheduled_time == NOON + 5 * SECOND
