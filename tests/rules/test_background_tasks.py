"""A background task run has a policy of its own, also when it is forced or first created."""

from typing import Any
from uuid import UUID

import pytest

from events.changes import StateEntered, TaskRunCreated, TaskRunEnqueued
from events.decisions import Decision, Outcome
from events.entities import Bookkeeping, task_cache_key
from events.identity import cache_id_of
from events.policies import TaskRunPolicy
from events.proposals import CacheTaskState, CreateTaskRun
from events.states import ProposedState, State, StateDetails, StateType
from events.states.constructors import AwaitingRetry, Completed, Failed, Pending, Running, Scheduled
from services.rules import decide, needs
from services.rules.terms import TERMS
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    NOON,
    PARENT_TASK_RUN,
    RUN,
    TASK_RUN,
    a_flow_run,
    a_state,
    a_task_run,
    propose_task,
)

DEFERRED = StateDetails(deferred=True)
PARAMETERS = UUID(int=5)
QUEUED = TaskRunEnqueued(task_key="load", queue="scheduled")


def creation(state: ProposedState, **fields: Any) -> CreateTaskRun:
    given: dict[str, Any] = {"task_run_id": TASK_RUN, "task_key": "load", "dynamic_key": "0"}
    return CreateTaskRun(id="c", state=state, **(given | fields))


def queued(decision: Decision) -> list[TaskRunEnqueued]:
    return [each for each in decision.changes if isinstance(each, TaskRunEnqueued)]


def test_one_that_is_created_is_queued(case: Case) -> None:
    decision = case.decided(creation(Scheduled(NOON, state_details=DEFERRED)))
    created, entered, last = decision.changes
    assert isinstance(created, TaskRunCreated)
    assert isinstance(entered, StateEntered)
    assert (decision.outcome, last) == (Outcome.ACCEPT, QUEUED)


@pytest.mark.parametrize("state", [Scheduled(NOON), Pending(state_details=DEFERRED)])
def test_one_that_is_not_deferred_or_not_scheduled_is_not(case: Case, state: ProposedState) -> None:
    assert queued(case.decided(creation(state))) == []


def test_one_that_is_scheduled_again_is_queued_again(case: Case) -> None:
    case.given(a_task_run(a_state(StateType.PENDING), flow_run_id=None))
    again = propose_task(Scheduled(NOON, state_details=DEFERRED), flow_run_id=None, force=True)
    assert queued(case.decided(again)) == [QUEUED]


def test_a_retry_has_a_queue_of_its_own(case: Case) -> None:
    case.given(a_task_run(a_state(StateType.PENDING), flow_run_id=None))
    retry = propose_task(AwaitingRetry(NOON, state_details=DEFERRED), flow_run_id=None)
    assert queued(case.decided(retry)) == [TaskRunEnqueued(task_key="load", queue="retry")]


def test_a_failure_that_is_retried_is_not_queued_by_that(case: Case) -> None:
    """Edge case 4: the retry is not judged as a transition of its own."""
    policy = TaskRunPolicy(retries=1)
    case.given(a_task_run(a_state(StateType.RUNNING), empirical_policy=policy, flow_run_id=None))
    decision = case.decided(propose_task(Failed(state_details=DEFERRED), flow_run_id=None))
    assert (decision.rule, queued(decision)) == ("RetryFailedTasks", [])


@pytest.mark.parametrize("is_forced", [False, True])
@pytest.mark.parametrize(
    "type",
    [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING, StateType.CANCELLED],
)
def test_one_is_claimed_once(case: Case, type: StateType, is_forced: bool) -> None:
    """Edge case 47."""
    case.given(a_task_run(a_state(type), flow_run_id=None))
    claim = propose_task(Pending(state_details=DEFERRED), force=is_forced, flow_run_id=None)
    case.when(claim)
    case.then(
        outcome=Outcome.ABORT,
        rule="PreventPendingTransitions",
        reason=f"This run is in a {type.value} state and cannot transition to a PENDING state.",
    )
    case.accepts(propose_task(Pending(), flow_run_id=None, id="not deferred"))


def test_the_parameters_stay_at_hand(case: Case) -> None:
    details = StateDetails(task_parameters_id=PARAMETERS, deferred=True)
    case.given(a_task_run(a_state(StateType.SCHEDULED, details=details), flow_run_id=None))
    for proposed in (Pending(state_details=DEFERRED), Running(state_details=DEFERRED)):
        case.accepts(propose_task(proposed, flow_run_id=None, id=proposed.type))
        state = case.task_run.progress.state
        assert state is not None
        assert state.state_details.task_parameters_id == PARAMETERS
    own = StateDetails(task_parameters_id=UUID(int=6), deferred=True)
    case.given(a_task_run(a_state(StateType.SCHEDULED, details=details), flow_run_id=None))
    case.accepts(propose_task(Pending(state_details=own), flow_run_id=None, id="own"))
    state = case.task_run.progress.state
    assert state is not None
    assert state.state_details.task_parameters_id == UUID(int=6)


def test_one_begins_whatever_its_flow_run_does(case: Case) -> None:
    case.given(
        a_flow_run(a_state(StateType.FAILED), Bookkeeping(run_count=2)),
        a_task_run(a_state(StateType.PENDING)),
    )
    case.accepts(propose_task(Running(state_details=DEFERRED)))
    assert case.task_run.progress.flow_run_run_count == 2


def test_one_that_is_created_running_notes_the_attempt(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING), Bookkeeping(run_count=2)))
    running = Running(state_details=DEFERRED)
    case.asked(creation(running, flow_run_id=RUN))
    assert case.task_run.progress.flow_run_run_count == 2


def test_a_forced_one_waits_for_its_time_and_is_cached(case: Case) -> None:
    """Edge case 47: force changes nothing for it."""
    later = StateDetails(scheduled_time=NOON + HOUR)
    case.given(a_task_run(a_state(StateType.SCHEDULED, details=later), flow_run_id=None))
    early = propose_task(Running(state_details=DEFERRED), force=True, flow_run_id=None)
    assert case.decided(early).outcome is Outcome.WAIT
    cached = Completed(state_details=StateDetails(deferred=True, cache_key="k"))
    decision = case.decided(propose_task(cached, force=True, flow_run_id=None, id="done"))
    (follow_up,) = decision.follow_ups
    assert isinstance(follow_up, CacheTaskState)


KEYED = StateDetails(deferred=True, cache_key="k")


def first(decision: Decision) -> State:
    (state,) = [each.state for each in decision.changes if isinstance(each, StateEntered)]
    return state


def test_one_that_is_created_running_takes_over_what_is_cached(case: Case) -> None:
    """As the reference does, observed: its cache is asked before there is a state."""
    done = case.decided(
        creation(Completed(message="done", state_details=KEYED), task_run_id=PARENT_TASK_RUN)
    )
    (caching,) = done.follow_ups
    assert isinstance(caching, CacheTaskState)
    assert (caching.key, caching.state) == ("k", first(done))
    case.asked(caching)

    key = task_cache_key(cache_id_of("k"))
    for details, name in ((KEYED, "Cached"), (StateDetails(cache_key="k"), "Running")):
        proposal = creation(Running(state_details=details))
        assert (key in needs(proposal)) is details.deferred
        decision = decide(case.known, proposal, NOON)
        assert isinstance(decision, Decision)
        assert first(decision).name == name
    case.asked(creation(Running(state_details=KEYED)))
    progress = case.task_run.progress
    assert progress.state is not None
    assert (progress.state.type, progress.state.message) == (StateType.COMPLETED, "done")
    assert progress.booked == Bookkeeping(expected_start_time=NOON, start_time=NOON, end_time=NOON)


def test_a_first_state_is_cached_only_where_it_is_deferred_and_has_a_key(case: Case) -> None:
    for details, id in ((StateDetails(cache_key="k"), TASK_RUN), (DEFERRED, PARENT_TASK_RUN)):
        decision = case.decided(creation(Completed(state_details=details), task_run_id=id))
        assert first(decision).type is StateType.COMPLETED
        assert decision.follow_ups == ()


@pytest.mark.parametrize(("longer", "outcome"), [(0, Outcome.ACCEPT), (1, Outcome.REJECT)])
def test_a_first_state_with_too_long_a_key_is_entered_and_cached(
    case: Case, longer: int, outcome: Outcome
) -> None:
    key = "k" * (TERMS.cache_key_characters_max + longer)
    details = StateDetails(deferred=True, cache_key=key)
    decision = case.decided(creation(Completed(state_details=details)))
    assert (decision.outcome, first(decision).type) == (outcome, StateType.COMPLETED)
    assert len(decision.follow_ups) == 1
