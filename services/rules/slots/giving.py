"""Slots are given back by whoever holds them; what nobody holds is not given."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from events.changes import SlotsGiven
from events.decisions import Decision, Facts
from events.instants import seconds_between
from events.proposals import EndLease, EndLeasesOf, GiveSlots, ReapLease
from events.slots import (
    ConcurrencyLease,
    Found,
    Limit,
    SlotsFound,
    lease_key,
    limit_key,
    limit_name_key,
)

from ..answers.decisions import decision
from ..terms import Terms
from .counting import as_of, counted, seen, with_fewer
from .known import Known, lease_of, limits_named, limits_of
from .limits import slots_held

UNLIMITED = Facts(slots=SlotsFound(found=Found.UNLIMITED))


def give_slots(known: Known, proposal: GiveSlots, at: datetime, terms: Terms) -> Decision:
    """Give slots back that were taken without a lease; those of leases stay taken."""
    limits = limits_named(known, proposal.names)
    if not limits:
        return _nothing(proposal, at)
    told = tuple(seen(as_of(each.limit, at, terms)) for each in limits)
    facts = Facts(slots=SlotsFound(found=Found.GRANTED, limits=told))
    counts = tuple(
        counted(
            with_fewer(
                as_of(each.limit, at, terms),
                proposal.slots,
                slots_held(each),
                proposal.occupancy_seconds,
            )
        )
        for each in limits
    )
    first = limits[0]
    change = SlotsGiven(slots=proposal.slots, counted=counts)
    subject, version = limit_key(first.limit.id), first.version + 1
    return decision(proposal, subject, version, at, changes=(change,), facts=facts)


def end_lease(known: Known, proposal: EndLease, at: datetime, terms: Terms) -> Decision:
    """Give back what the lease holds; one that nobody holds changes nothing."""
    held = lease_of(known, proposal.lease_id)
    leases = [] if held is None else [held]
    return _ended(known, proposal, leases, at, terms, is_timed=proposal.is_timed)


def reap_lease(known: Known, proposal: ReapLease, at: datetime, terms: Terms) -> Decision:
    """Give back what a lease holds that is past its time."""
    held = lease_of(known, proposal.lease_id)
    if held is None:
        return _nothing(proposal, at)
    if held.lease.expires is None or at < held.lease.expires:
        return decision(proposal, lease_key(proposal.lease_id), held.version + 1, at)
    return _ended(known, proposal, [held], at, terms, is_timed=True)


def end_leases_of(known: Known, proposal: EndLeasesOf, at: datetime, terms: Terms) -> Decision:
    """Give back what the holder's leases hold, of those that hold one of the limits."""
    limits = limits_named(known, proposal.names)
    ids = dict.fromkeys(
        id
        for limit in limits
        for id, held in limit.leases.items()
        if held.holder == proposal.holder
    )
    leases = [lease for id in ids if (lease := lease_of(known, id)) is not None]
    return _ended(known, proposal, leases, at, terms, is_timed=False)


def _ended(
    known: Known,
    proposal: EndLease | EndLeasesOf | ReapLease,
    leases: Sequence[ConcurrencyLease],
    at: datetime,
    terms: Terms,
    *,
    is_timed: bool,
) -> Decision:
    """The decision that ends *leases*; its subject is the first limit that has slots again."""
    counts: dict[UUID, Limit] = {}
    changes: list[SlotsGiven] = []
    ending = {held.lease.id for held in leases}
    for lease in [held.lease for held in leases]:
        seconds = max(0.0, seconds_between(lease.created, at)) if is_timed else None
        limits = limits_of(known, lease)
        for each in limits:
            others = sum(other.slots for id, other in each.leases.items() if id not in ending)
            now = counts.get(each.limit.id) or as_of(each.limit, at, terms)
            counts[each.limit.id] = with_fewer(now, lease.slots, others, seconds)
        own = tuple(counted(counts[each.limit.id]) for each in limits)
        changes.append(SlotsGiven(slots=lease.slots, counted=own, lease_id=lease.id))
    if not leases:
        return _nothing(proposal, at)
    subject, version = lease_key(leases[0].lease.id), leases[0].version + 1
    return decision(proposal, subject, version, at, changes=tuple(changes))


def _nothing(proposal: GiveSlots | EndLease | EndLeasesOf | ReapLease, at: datetime) -> Decision:
    """The decision that nothing was held; it is about what was named."""
    match proposal:
        case EndLease(lease_id=id) | ReapLease(lease_id=id):
            return decision(proposal, lease_key(id), 1, at)
        case GiveSlots(names=names) | EndLeasesOf(names=names):
            return decision(proposal, limit_name_key(names[0]), 1, at, facts=UNLIMITED)
    assert_never(proposal)
