"""Slots of several limits are taken all at once or not at all, and given by whoever holds them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from events.decisions import Decision, Outcome
from events.proposals import (
    AmendLimit,
    CreateLimit,
    DeleteLimit,
    EndLease,
    EndLeasesOf,
    GiveSlots,
    ReapLease,
    RenewLease,
    ResetLimit,
    TakeSlots,
)
from events.slots import (
    DECIDED_MAX,
    ConcurrencyLimit,
    Found,
    Holder,
    SlotsDecided,
    SlotsFound,
    lease_key,
    limit_key,
    limit_name_key,
    slots_decided_key,
)
from events.slots.folding import lease_timers
from services.rules import answered
from tests.support.case import Case
from tests.support.examples import LEASE, MINUTE, NOON, RUN, SECOND, TASK_RUN

DB, GPU, OTHER = UUID(int=0xD8), UUID(int=0xC9), UUID(int=0xE2)
HOLDER = Holder(type="task_run", id=TASK_RUN)


def limit(case: Case, name: str = "db", most: int = 2, id: UUID = DB, **fields: Any) -> None:
    case.asked(CreateLimit(id=f"make {name}", limit_id=id, name=name, limit=most, **fields))


def limit_in(case: Case, id: UUID = DB) -> ConcurrencyLimit:
    found = case.known[limit_key(id)]
    assert isinstance(found, ConcurrencyLimit)
    return found


def counts(case: Case, id: UUID = DB) -> tuple[int, Mapping[UUID, int]]:
    found = limit_in(case, id)
    return found.limit.active_slots, {id: held.slots for id, held in found.leases.items()}


def take(
    case: Case, *names: str, id: str = "take", at: datetime = NOON, **fields: Any
) -> tuple[Decision, SlotsFound]:
    given: dict[str, Any] = {"lease_id": LEASE, "ttl_seconds": 60.0, **fields}
    decision = case.decided(TakeSlots(id=id, names=list(names), **given), at)
    assert decision.facts.slots is not None
    return decision, decision.facts.slots


def test_a_lease_holds_slots_of_every_limit(case: Case) -> None:
    limit(case)
    limit(case, "gpu", 4, GPU)
    decision, found = take(case, "db", "gpu", slots=2, holder=HOLDER)
    assert (decision.outcome, found.found, found.lease_id) == (Outcome.ACCEPT, Found.GRANTED, LEASE)
    assert [(each.name, each.limit) for each in found.limits] == [("db", 2), ("gpu", 4)]
    assert counts(case) == counts(case, GPU) == (2, {LEASE: 2})
    assert lease_timers(decision) == {LEASE: NOON + MINUTE}


def test_when_one_limit_is_full_none_is_taken(case: Case) -> None:
    """Edge case 44: all or nothing."""
    limit(case, most=1, active_slots=1)
    limit(case, "gpu", 4, GPU)
    decision, found = take(case, "db", "gpu", limit_ids=[GPU])
    assert (decision.outcome, found.found, decision.changes) == (Outcome.WAIT, Found.FULL, ())
    assert decision.reason == "Concurrency limit reached: db"
    assert found.retry_after_seconds is not None
    assert decision.delay_seconds == round(found.retry_after_seconds)
    assert 0 < found.retry_after_seconds <= 2.6
    assert counts(case, GPU) == (0, {})


def test_a_denial_is_no_write_that_restarts_the_decay(case: Case) -> None:
    """Edge case 46."""
    limit(case, most=2, active_slots=2, slot_decay_per_second=0.1)
    assert take(case, "db", at=NOON + 9 * SECOND)[1].found is Found.FULL
    assert take(case, "db", id="later", at=NOON + 10 * SECOND)[1].found is Found.GRANTED
    assert counts(case) == (2, {LEASE: 1})


def test_names_that_no_limit_has_limit_nothing(case: Case) -> None:
    """Edge case 44: they succeed silently."""
    decision, found = take(case, "nobody")
    assert (decision.outcome, found) == (Outcome.ACCEPT, SlotsFound(found=Found.UNLIMITED))
    assert take(case, limit_ids=[DB], id="by id")[0].changes == ()


def test_an_inactive_limit_limits_nothing_and_is_told(case: Case) -> None:
    limit(case, most=0, active=False)
    found = take(case, "db")[1]
    assert (found.found, [each.active for each in found.limits]) == (Found.GRANTED, [False])
    assert counts(case) == (0, {})
    case.asked(EndLease(id="end", lease_id=LEASE))
    assert lease_key(LEASE) not in case.known


def test_more_than_the_limit_is_never_granted(case: Case) -> None:
    limit(case)
    decision, found = take(case, "db", slots=3)
    assert (decision.outcome, found.found) == (Outcome.REJECT, Found.EXCEEDED)
    assert decision.reason == "Slots requested is greater than the limit"


def test_a_rate_limit_needs_decay(case: Case) -> None:
    limit(case)
    limit(case, "gpu", 4, GPU, slot_decay_per_second=1.0)
    decision, found = take(case, "gpu", "db", mode="rate_limit")
    assert (decision.outcome, found.found) == (Outcome.REJECT, Found.UNDECAYING)
    assert decision.reason == (
        "Only concurrency limits with slot decay can be used for rate limiting. The following"
        " limits do not have a decay configured: 'db'"
    )
    assert take(case, "gpu", mode="rate_limit", id="alone")[1].found is Found.GRANTED


def test_a_wish_for_nothing_is_not_decided(case: Case) -> None:
    case.when(TakeSlots(id="nothing"))
    case.then_undecidable("Expected the name or the id of a limit", "names")


def test_a_lease_that_is_held_takes_nothing_again(case: Case) -> None:
    limit(case)
    take(case, "db")
    decision, found = take(case, "db", id="again")
    assert (decision.changes, found.found, found.lease_id) == ((), Found.GRANTED, LEASE)


def test_slots_without_a_lease_are_counted_and_given_by_anybody(case: Case) -> None:
    limit(case, most=5)
    take(case, "db", slots=2)
    take(case, "db", id="loose", slots=2, lease_id=None)
    assert counts(case) == (4, {LEASE: 2})
    decision = case.decided(GiveSlots(id="give", names=["db", "?"], slots=9, occupancy_seconds=9.0))
    assert counts(case) == (2, {LEASE: 2})
    assert limit_in(case).limit.avg_slot_occupancy_seconds == pytest.approx(1.9)
    assert decision.facts.slots is not None
    assert [each.name for each in decision.facts.slots.limits] == ["db"]
    assert lease_timers(decision) == {}


def test_giving_what_no_limit_counts_changes_nothing(case: Case) -> None:
    assert case.decided(GiveSlots(id="give", names=["?"])).changes == ()


def test_ending_a_lease_frees_its_slots_once(case: Case) -> None:
    """Edge case 45: a lease that nobody holds frees nothing."""
    limit(case)
    take(case, "db", slots=2)
    decision = case.decided(EndLease(id="end", lease_id=LEASE, is_timed=True), NOON + 20 * SECOND)
    assert counts(case) == (0, {})
    assert limit_in(case).limit.avg_slot_occupancy_seconds == pytest.approx(4.0)
    assert lease_timers(decision) == {LEASE: None}
    assert case.decided(EndLease(id="again", lease_id=LEASE)).changes == ()


def test_what_is_gone_is_remembered_with_its_proposals(case: Case) -> None:
    limit(case)
    take(case, "db")
    taken = TakeSlots(id="take", names=["db"], lease_id=LEASE)
    ending = EndLease(id="end", lease_id=LEASE)
    entry_id = answered(case.known, taken)
    case.decided(ending)
    case.decided(DeleteLimit(id="delete", limit_id=DB))
    case.decided(TakeSlots(id="in vain", names=["db"]))

    assert answered(case.known, taken) == entry_id
    assert answered(case.known, ending) == "0-3"
    assert answered(case.known, DeleteLimit(id="delete", limit_id=DB)) == "0-4"
    assert answered(case.known, TakeSlots(id="in vain", names=["db"])) == "0-5"
    assert answered(case.known, EndLease(id="another", lease_id=LEASE)) is None


def test_a_burst_of_proposals_is_remembered_and_the_memory_is_bounded(case: Case) -> None:
    ids = [f"vain {number}" for number in range(200)]
    for id in ids:
        case.decided(EndLease(id=id, lease_id=LEASE))
    assert all(answered(case.known, EndLease(id=id, lease_id=LEASE)) for id in ids)
    full = SlotsDecided(decided={f"{number}": "0-1" for number in range(DECIDED_MAX)})
    case.known = {slots_decided_key("one more"): full}
    case.decided(EndLease(id="one more", lease_id=LEASE))
    assert [
        len(each.decided) for each in case.known.values() if isinstance(each, SlotsDecided)
    ] == [DECIDED_MAX]
    assert answered(case.known, EndLease(id="one more", lease_id=LEASE)) is not None


def test_a_lease_survives_the_limits_that_are_deleted(case: Case) -> None:
    limit(case)
    limit(case, "gpu", 4, GPU)
    take(case, "db", "gpu")
    case.asked(DeleteLimit(id="delete", limit_id=DB))
    case.asked(EndLease(id="end", lease_id=LEASE))
    assert counts(case, GPU) == (0, {})
    take(case, "gpu", id="last")
    case.asked(DeleteLimit(id="delete too", limit_id=GPU))
    decision = case.decided(EndLease(id="end too", lease_id=LEASE))
    assert decision.subject == lease_key(LEASE)
    assert {type(each) for each in case.known.values()} == {SlotsDecided}


def test_a_lease_is_renewed_even_past_its_time_until_it_is_reaped(case: Case) -> None:
    limit(case)
    take(case, "db")
    late = NOON + 5 * MINUTE
    renewed = case.decided(RenewLease(id="renew", lease_id=LEASE, ttl_seconds=60.0), late)
    assert lease_timers(renewed) == {LEASE: late + MINUTE}
    assert case.decided(ReapLease(id="early", lease_id=LEASE), late).changes == ()
    reaped = case.decided(ReapLease(id="reap", lease_id=LEASE), late + MINUTE)
    assert (lease_timers(reaped), counts(case)) == ({LEASE: None}, (0, {}))
    assert case.decided(ReapLease(id="twice", lease_id=LEASE), late).changes == ()


def test_a_lease_that_is_gone_is_not_renewed(case: Case) -> None:
    """Edge case 45."""
    decision = case.decided(RenewLease(id="renew", lease_id=LEASE))
    assert decision.outcome is Outcome.REJECT
    assert decision.reason == "Lease not found - it may have expired or been revoked"


def test_a_lease_may_be_kept_without_expiry(case: Case) -> None:
    limit(case)
    take(case, "db")
    kept = case.decided(RenewLease(id="keep", lease_id=LEASE))
    assert lease_timers(kept) == {LEASE: None}
    assert case.decided(ReapLease(id="reap", lease_id=LEASE), NOON + 99 * MINUTE).changes == ()


def test_a_lease_that_is_held_is_renewed_instead_of_another(case: Case) -> None:
    limit(case, most=1)
    take(case, "db")
    again: dict[str, Any] = {"limit_ids": [DB], "lease_id": OTHER, "instead_of": LEASE}
    decision, found = take(case, id="start", at=NOON + SECOND, **again)
    assert found == SlotsFound(found=Found.RENEWED, lease_id=LEASE)
    assert lease_timers(decision) == {LEASE: NOON + SECOND + MINUTE}
    case.asked(EndLease(id="end", lease_id=LEASE))
    assert take(case, id="restart", **again)[1].lease_id == OTHER


def test_the_leases_of_a_holder_end_together(case: Case) -> None:
    limit(case, most=9)
    limit(case, "gpu", 9, GPU)
    take(case, "db", "gpu", holder=HOLDER)
    take(case, "db", id="second", lease_id=OTHER, slots=3, holder=HOLDER)
    take(case, "gpu", id="third", lease_id=RUN, slots=5)
    decision = case.decided(EndLeasesOf(id="end", names=["db", "gpu"], holder=HOLDER))
    assert lease_timers(decision) == {LEASE: None, OTHER: None}
    assert (counts(case), counts(case, GPU)) == ((0, {}), (5, {RUN: 5}))
    again = case.decided(EndLeasesOf(id="again", names=["db"], holder=HOLDER))
    assert again.changes == ()


def test_names_of_limits_are_unique(case: Case) -> None:
    limit(case)
    limit(case, "gpu", 4, GPU)
    for proposal in (
        CreateLimit(id="second", name="db", limit=1),
        AmendLimit(id="rename", limit_id=GPU, name="db"),
    ):
        decision = case.decided(proposal)
        assert (decision.outcome, decision.changes) == (Outcome.REJECT, ())
        assert decision.reason == "A concurrency limit of this name exists."
    case.asked(AmendLimit(id="same", limit_id=DB, name="db", limit=7))
    assert limit_in(case).limit.limit == 7


def test_a_limit_that_is_renamed_is_found_by_its_new_name(case: Case) -> None:
    limit(case)
    case.asked(AmendLimit(id="rename", limit_id=DB, name="base"))
    assert limit_name_key("db") not in case.known
    assert take(case, "base")[1].found is Found.GRANTED


def test_an_id_is_of_one_limit(case: Case) -> None:
    limit(case)
    case.when(CreateLimit(id="second", name="gpu", limit=1, limit_id=DB))
    case.then_undecidable(f"There is a concurrency limit {DB} already", "limit_id")


def test_a_limit_gets_an_id_if_it_brings_none(case: Case) -> None:
    case.asked(CreateLimit(id="make", name="db", limit=1))
    assert take(case, "db")[1].found is Found.GRANTED


@pytest.mark.parametrize("kind", [AmendLimit, DeleteLimit, ResetLimit])
def test_what_is_unknown_is_missing(case: Case, kind: Any) -> None:
    case.when(kind(id="?", limit_id=DB))
    case.then_undecidable(f"Concurrency limit {DB} not found", "limit_id", missing=True)


def test_amending_a_limit_restarts_its_decay_and_keeps_what_leases_hold(case: Case) -> None:
    limit(case, most=9, active_slots=4)
    take(case, "db", slots=3)
    later = NOON + MINUTE
    case.asked(AmendLimit(id="amend", limit_id=DB, active_slots=0, denied_slots=2), at=later)
    now = limit_in(case).limit
    assert (now.active_slots, now.denied_slots, now.updated) == (3, 2, later)
    case.asked(AmendLimit(id="decay", limit_id=DB, slot_decay_per_second=1.0, active_slots=0))
    assert counts(case) == (0, {LEASE: 3})


def test_a_reset_frees_every_slot(case: Case) -> None:
    limit(case, most=9, active_slots=4)
    limit(case, "gpu", 9, GPU, active_slots=1)
    take(case, "db", "gpu", slots=3)
    take(case, "db", id="second", lease_id=OTHER)
    case.asked(ResetLimit(id="reset", limit_id=DB))
    assert (counts(case), counts(case, GPU)) == ((0, {}), (1, {}))
    assert lease_key(LEASE) not in case.known
    case.asked(ResetLimit(id="again", limit_id=DB))
    assert counts(case) == (0, {})


def test_a_reset_gives_back_all_that_its_leases_hold_of_another_limit(case: Case) -> None:
    limit(case, most=9)
    limit(case, "gpu", 9, GPU)
    for lease in (LEASE, OTHER, RUN):
        take(case, "db", "gpu", id=f"{lease}", lease_id=lease)
    case.asked(ResetLimit(id="reset", limit_id=DB))
    assert counts(case) == counts(case, GPU) == (0, {})


def test_a_reset_may_say_who_holds_slots(case: Case) -> None:
    limit(case, active_slots=2)
    case.asked(ResetLimit(id="reset", limit_id=DB, task_run_ids=[RUN, TASK_RUN, RUN]))
    found = limit_in(case)
    holders = [held.holder for held in found.leases.values()]
    assert holders == [Holder(type="task_run", id=RUN), HOLDER]
    assert found.limit.active_slots == 2
