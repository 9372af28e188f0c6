"""The terms of the rules are what a deployment of Headgate may set about them."""

from datetime import timedelta

from events.decisions import Outcome
from events.proposals import AmendLimit, CreateLimit, CreateTaskRun, GiveSlots, TakeSlots
from events.slots import ConcurrencyLease, ConcurrencyLimit, lease_key, limit_key
from events.states import StateType
from events.states.constructors import Pending, Running
from tests.support.case import Case
from tests.support.examples import (
    LEASE,
    NOON,
    SECOND,
    a_flow_run,
    a_state,
    a_task_run,
    propose,
    propose_task,
)

LIMIT = LEASE


def limit(case: Case, name: str, slots: int = 0) -> None:
    """A limit of one, with so many slots taken, each for a very long time so far."""
    control = case.control
    control.decided(CreateLimit(id="limit", name=name, limit=1, limit_id=LIMIT))
    control.decided(GiveSlots(id="slow", names=[name], occupancy_seconds=1_000_000.0))
    control.decided(AmendLimit(id="fill", limit_id=LIMIT, active_slots=slots))


def of_a_deployment(case: Case, slots: int) -> None:
    limit(case, "db", slots)
    case.control.deploy(global_concurrency_limit_id=LIMIT)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))


def test_a_run_waits_so_long_for_a_slot(case: Case) -> None:
    case.on_terms(slot_wait_seconds=2.0)
    of_a_deployment(case, 1)
    assert case.decided(propose(Pending(), client_version="3.9.1")).outcome is Outcome.REJECT
    assert case.state.state_details.scheduled_time == NOON + 2 * SECOND


def test_a_claimed_run_keeps_its_slot_so_long(case: Case) -> None:
    case.on_terms(grace_seconds=42.0)
    of_a_deployment(case, 0)
    case.accepts(propose(Pending(), client_version="3.9.1"))
    lease = case.state.state_details.deployment_concurrency_lease_id
    assert lease is not None
    held = case.control.known[lease_key(lease)]
    assert isinstance(held, ConcurrencyLease)
    assert held.lease.expires == NOON + 42 * SECOND


def test_a_task_run_waits_so_long_for_slots_of_its_tags(case: Case) -> None:
    case.on_terms(tag_wait_seconds=100.0)
    limit(case, "tag:db", 1)
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    case.given(a_task_run(a_state(StateType.PENDING), tags=["db"]))
    decision = case.decided(propose_task(Running()))
    assert decision.outcome is Outcome.WAIT
    assert decision.delay_seconds is not None
    assert 75 <= decision.delay_seconds <= 130


def waits_seconds(case: Case, name: str) -> float:
    slots = case.control.decided(TakeSlots(id="take", names=[name])).facts.slots
    assert slots is not None
    assert slots.retry_after_seconds is not None
    return slots.retry_after_seconds


def test_whoever_asks_for_slots_waits_so_long(case: Case) -> None:
    case.on_terms(wait_seconds_max=1_000.0)
    limit(case, "db", 1)
    assert 750 <= waits_seconds(case, "db") <= 1_300


def test_whoever_asks_for_slots_of_a_tag_waits_so_long(case: Case) -> None:
    case.on_terms(wait_seconds_max=1_000.0, tag_wait_seconds=2.0)
    limit(case, "tag:db", 1)
    assert 1.5 <= waits_seconds(case, "tag:db") <= 2.6


def test_denials_are_forgotten_after_so_long(case: Case) -> None:
    case.on_terms(wait_seconds_max=1_000.0)
    limit(case, "db")
    case.control.decided(AmendLimit(id="deny", limit_id=LIMIT, denied_slots=5))
    case.control.decided(TakeSlots(id="take", names=["db"]), NOON + timedelta(seconds=2_000))
    found = case.control.known[limit_key(LIMIT)]
    assert isinstance(found, ConcurrencyLimit)
    assert found.limit.denied_slots == 3


def test_a_cache_key_is_so_long(case: Case) -> None:
    case.on_terms(cache_key_characters_max=3)
    case.when(CreateTaskRun(id="make", task_key="k", dynamic_key="0", cache_key="keys"))
    case.then_undecidable("Expected at most 3 characters", "cache_key")
