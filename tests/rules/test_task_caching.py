"""A task run takes over the completed state of one with the same cache key, while that lasts."""

from datetime import datetime
from typing import Any

import pytest
from msgspec import structs

from events.changes import StateEntered, TaskStateCached
from events.decisions import Decision, Facts, Outcome
from events.entities import Bookkeeping, CachedState, TaskCache, task_cache_key
from events.identity import cache_id_of, derived_id
from events.proposals import CacheTaskState
from events.states import ProposedState, State, StateDetails, StateType
from events.states.constructors import Completed, Failed, Running
from services.rules import answered, echoed, needs
from services.rules.terms import TERMS
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RESULT,
    RUN,
    SECOND,
    TASK_RUN,
    UNPERSISTED,
    a_flow_run,
    a_state,
    a_task_run,
    propose_task,
)

TO_RUN = Running(state_details=StateDetails(cache_key="k"))
ELSEWHERE = StateDetails(
    flow_run_id=PARENT_RUN, task_run_id=PARENT_TASK_RUN, cache_key="k", traceparent="t"
)
CACHED = State(
    id=PARENT_TASK_RUN,
    type=StateType.COMPLETED,
    name="Completed",
    timestamp=NOON - HOUR,
    message="done",
    data=RESULT,
    state_details=ELSEWHERE,
)
HIT = ("CacheRetrieval", "Retrieved state from cache")
IS_RUNNING = Facts(flow_run_state=StateType.RUNNING, flow_run_run_count=0)


def cache(state: State = CACHED, expiration: datetime | None = None) -> CacheTaskState:
    id = f"{state.id} {expiration}"
    return CacheTaskState(id=id, key="k", state=state, expiration=expiration)


def a_pending_task_run(case: Case) -> None:
    case.given(
        a_flow_run(a_state(StateType.RUNNING)),
        a_task_run(a_state(StateType.PENDING), Bookkeeping(expected_start_time=NOON - HOUR)),
    )


def entered(decision: Decision) -> State:
    (state,) = [each.state for each in decision.changes if isinstance(each, StateEntered)]
    return state


def test_a_cached_state_is_taken_over(case: Case) -> None:
    """Edge case 48: with its data, message and details, as a state of this run."""
    a_pending_task_run(case)
    case.asked(cache())
    case.when(propose_task(TO_RUN))
    booked = Bookkeeping(expected_start_time=NOON - HOUR, start_time=NOON, end_time=NOON)
    case.then(
        case.entered(
            StateType.COMPLETED,
            "Cached",
            booked=booked,
            message="done",
            data=RESULT,
            details=ELSEWHERE,
            task=True,
        ),
        outcome=Outcome.REJECT,
        rule=HIT[0],
        reason=HIT[1],
        facts=structs.replace(IS_RUNNING, cached_state_id=PARENT_TASK_RUN),
    )


@pytest.mark.parametrize(
    "details",
    [
        StateDetails(),
        StateDetails(cache_key=""),
        StateDetails(cache_key="another"),
        StateDetails(cache_key="k", refresh_cache=True),
    ],
    ids=["no key", "an empty key", "another key", "refreshed"],
)
def test_a_run_that_asks_for_nothing_cached_runs(case: Case, details: StateDetails) -> None:
    """Edge case 49: refreshing bypasses the read."""
    a_pending_task_run(case)
    case.asked(cache())
    case.accepts(propose_task(Running(state_details=details)))


def test_a_forced_run_runs(case: Case) -> None:
    a_pending_task_run(case)
    case.asked(cache())
    case.accepts(propose_task(TO_RUN, force=True))


@pytest.mark.parametrize(("expiration", "hits"), [(NOON, False), (NOON + SECOND, True)])
def test_what_has_expired_is_not_taken_over(case: Case, expiration: datetime, hits: bool) -> None:
    """Edge case 48."""
    a_pending_task_run(case)
    case.asked(cache(expiration=expiration))
    decision = case.decided(propose_task(TO_RUN))
    assert (decision.outcome is Outcome.REJECT) is hits


def test_the_newest_that_lasts_wins(case: Case) -> None:
    """Edge case 48: an older one is served again once the newer has expired."""
    a_pending_task_run(case)
    newer = structs.replace(CACHED, id=TASK_RUN, data={"x": 2})
    case.asked(cache(), cache(newer, NOON + HOUR))
    known = dict(case.known)
    assert entered(case.decided(propose_task(TO_RUN))).data == {"x": 2}
    case.known = known
    assert entered(case.decided(propose_task(TO_RUN), at=NOON + HOUR)).data == RESULT


def _caching(state: State, by: str | None = None) -> CacheTaskState:
    return CacheTaskState(
        id=str(derived_id(NOON, f"task_run:{TASK_RUN}", "a proposal", "cache")),
        at=NOON,
        by=by,
        key=state.state_details.cache_key or "",
        state=state,
        expiration=state.state_details.cache_expiration,
    )


def _completed(key: str, data: object = RESULT) -> ProposedState:
    expiring = StateDetails(cache_key=key, cache_expiration=NOON + HOUR, refresh_cache=True)
    return Completed(data=data, state_details=expiring)


def test_a_completed_state_is_cached_under_its_key(case: Case) -> None:
    """Edge case 49: also the one of a run that did not look."""
    a_pending_task_run(case)
    decision = case.decided(propose_task(_completed("k"), by="an engine"))
    assert decision.outcome is Outcome.ACCEPT
    assert decision.follow_ups == (_caching(entered(decision), by="an engine"),)


@pytest.mark.parametrize(
    ("state", "is_forced"),
    [
        (Completed(), False),
        (Completed(state_details=StateDetails(cache_key="")), False),
        (Failed(state_details=StateDetails(cache_key="k")), False),
        (Completed(state_details=StateDetails(cache_key="k")), True),
    ],
    ids=["no key", "an empty key", "failed", "forced"],
)
def test_other_states_are_not_cached(case: Case, state: ProposedState, is_forced: bool) -> None:
    """Edge case 48: only completed states ever are."""
    a_pending_task_run(case)
    assert case.decided(propose_task(state, force=is_forced)).follow_ups == ()


def test_a_key_that_is_too_long_is_named_and_used(case: Case) -> None:
    """The reference says no, and stores and caches the state under that key all the same."""
    a_pending_task_run(case)
    longest = "k" * TERMS.cache_key_characters_max
    assert case.decided(propose_task(_completed(longest))).outcome is Outcome.ACCEPT
    proposal = propose_task(_completed(longest + "k", UNPERSISTED), id="too long", force=False)
    case.given(a_task_run(a_state(StateType.RUNNING)))
    decision = case.decided(proposal)
    assert (decision.outcome, decision.rule) == (Outcome.REJECT, "CacheInsertion")
    assert decision.reason == "Cache key exceeded maximum allowed length of 2000 characters."
    assert entered(decision).type is StateType.COMPLETED
    (caching,) = decision.follow_ups
    assert isinstance(caching, CacheTaskState)
    assert caching.key == longest + "k"
    shown = echoed(decision, proposal.state)
    assert shown is not None
    assert (entered(decision).data, shown.data) == (None, UNPERSISTED)


def test_what_is_cached_is_remembered_with_who_asked(case: Case) -> None:
    proposal = cache(expiration=NOON + HOUR)
    case.when(proposal)
    kept = CachedState(state=CACHED, expiration=NOON + HOUR)
    case.then(TaskStateCached(key="k", cached=kept))
    key = task_cache_key(cache_id_of("k"))
    assert case.known == {
        key: TaskCache(key="k", version=1, cached=(kept,), decided={proposal.id: "0-1"})
    }
    assert answered({}, proposal) is None
    assert answered(case.known, proposal) == "0-1"


def test_an_entry_of_another_key_is_not_believed(case: Case) -> None:
    a_pending_task_run(case)
    case.asked(cache())
    key = task_cache_key(cache_id_of("k"))
    stored = case.known[key]
    assert isinstance(stored, TaskCache)
    case.known[key] = structs.replace(stored, key="another")
    case.accepts(propose_task(TO_RUN))


@pytest.mark.parametrize(
    ("state", "fields", "names"),
    [
        (TO_RUN, {}, ["task_run", "flow_run", "task_cache"]),
        (Running(), {}, ["task_run", "flow_run"]),
        (Running(), {"flow_run_id": None}, ["task_run"]),
        (Completed(state_details=StateDetails(cache_key="k")), {}, ["task_run"]),
    ],
)
def test_only_a_run_that_is_to_run_needs_more_than_itself(
    state: ProposedState, fields: dict[str, Any], names: list[str]
) -> None:
    asked_for = needs(propose_task(state, **fields))
    assert [key.partition(":")[0] for key in asked_for] == names


def test_the_flow_run_is_the_one_that_the_task_run_names(case: Case) -> None:
    case.given(a_task_run(flow_run_id=PARENT_RUN))
    assert needs(propose_task(Running()), case.known) == (
        f"task_run:{TASK_RUN}",
        f"flow_run:{PARENT_RUN}",
    )
    assert needs(propose_task(Running())) == (f"task_run:{TASK_RUN}", f"flow_run:{RUN}")
