"""Slots of several limits are taken all at once or not at all."""

from datetime import datetime, timedelta

from msgspec import Struct

from events.changes import Change, LeaseRenewed, SlotsTaken
from events.decisions import Decision, Facts, Outcome, Undecidable
from events.identity import fraction_of
from events.proposals import RenewLease, TakeSlots
from events.slots import (
    ConcurrencyLimit,
    Found,
    Lease,
    Limit,
    SlotsFound,
    lease_key,
    limit_key,
    limit_name_key,
)

from ..answers.decisions import decision
from ..asking.orchestrate import ACCEPTED, Said
from ..terms import Terms
from .counting import as_of, counted, has_room, retry_after, seen, with_more
from .known import Known, lease_of, limit_of, limits_named

EXCEEDED = "Slots requested is greater than the limit"


class Wish(Struct, frozen=True):
    """A wish for slots: the limits as they are stored, and as they count now, on these terms."""

    proposal: TakeSlots
    at: datetime
    stored: list[ConcurrencyLimit]
    limits: list[Limit]
    terms: Terms

    @property
    def active(self) -> list[Limit]:
        """Those that limit anything."""
        return [each for each in self.limits if each.active]


def take_slots(
    known: Known, proposal: TakeSlots, at: datetime, terms: Terms
) -> Decision | Undecidable:
    """Take the slots, or say why not; who holds the lease already has taken them."""
    if not proposal.names and not proposal.limit_ids:
        return Undecidable(reason="Expected the name or the id of a limit", field="names")
    if proposal.instead_of is not None and proposal.lease_id is not None:
        renewed = _renewed(known, proposal, at)
        if renewed is not None:
            return renewed
    stored = _asked(known, proposal)
    wish = Wish(proposal, at, stored, [as_of(each.limit, at, terms) for each in stored], terms)
    if not stored:
        return _answer(wish, Found.UNLIMITED)
    if any(proposal.lease_id in each.leases for each in stored):
        return _answer(wish, Found.GRANTED)
    if any(each.limit < proposal.slots for each in wish.active):
        said = Said(outcome=Outcome.REJECT, reason=EXCEEDED, rule="SlotsWithinLimit")
        return _answer(wish, Found.EXCEEDED, said)
    undecaying = [each.name for each in wish.active if each.slot_decay_per_second <= 0]
    if proposal.mode == "rate_limit" and undecaying:
        return _answer(wish, Found.UNDECAYING, _without_decay(undecaying))
    if not all(has_room(each, proposal.slots) for each in wish.active):
        return _full(wish)
    return _granted(wish)


def renew_lease(known: Known, proposal: RenewLease, at: datetime) -> Decision:
    """Hold the lease for longer, even one that has expired and was not reaped yet."""
    held = lease_of(known, proposal.lease_id)
    if held is None:
        reason = "Lease not found - it may have expired or been revoked"
        said = Said(outcome=Outcome.REJECT, reason=reason, rule="RenewHeldLeases")
        return decision(proposal, lease_key(proposal.lease_id), 1, at, said=said)
    change = LeaseRenewed(lease_id=proposal.lease_id, expires=_expiry(at, proposal.ttl_seconds))
    return decision(proposal, lease_key(proposal.lease_id), held.version + 1, at, changes=(change,))


def _renewed(known: Known, proposal: TakeSlots, at: datetime) -> Decision | None:
    """The decision to renew the lease that *proposal* is instead of, while that one is held."""
    id = proposal.instead_of
    held = None if id is None else lease_of(known, id)
    if id is None or held is None:
        return None
    change = LeaseRenewed(lease_id=id, expires=_expiry(at, proposal.ttl_seconds))
    facts = Facts(slots=SlotsFound(found=Found.RENEWED, lease_id=id))
    return decision(proposal, lease_key(id), held.version + 1, at, changes=(change,), facts=facts)


def _asked(known: Known, proposal: TakeSlots) -> list[ConcurrencyLimit]:
    """The limits that *proposal* names, by name or by id, each once."""
    by_id = [limit for id in proposal.limit_ids if (limit := limit_of(known, id)) is not None]
    found = {each.limit.id: each for each in (*by_id, *limits_named(known, proposal.names))}
    return list(found.values())


def _granted(wish: Wish) -> Decision:
    proposal, at = wish.proposal, wish.at
    counts = tuple(counted(with_more(each, proposal.slots)) for each in wish.active)
    lease = None
    if proposal.lease_id is not None:
        lease = Lease(
            id=proposal.lease_id,
            limits=tuple(each.id for each in counts),
            slots=proposal.slots,
            holder=proposal.holder,
            created=at,
            expires=_expiry(at, proposal.ttl_seconds),
        )
    taken = SlotsTaken(slots=proposal.slots, counted=counts, lease=lease)
    return _answer(wish, Found.GRANTED, changes=(taken,))


def _full(wish: Wish) -> Decision:
    full = [each.name for each in wish.active if not has_room(each, wish.proposal.slots)]
    fraction = fraction_of(wish.proposal.id, "retry")
    after = retry_after(wish.active, wish.proposal.slots, fraction, wish.terms)
    said = Said(
        outcome=Outcome.WAIT,
        reason=f"Concurrency limit reached: {', '.join(full)}",
        rule="SlotsWithinLimit",
        delay_seconds=round(after),
    )
    return _answer(wish, Found.FULL, said, retry_after_seconds=after)


def _without_decay(names: list[str]) -> Said:
    reason = (
        "Only concurrency limits with slot decay can be used for rate limiting. The following"
        f" limits do not have a decay configured: '{', '.join(names)}'"
    )
    return Said(outcome=Outcome.REJECT, reason=reason, rule="RateLimitsDecay")


def _answer(
    wish: Wish,
    found: Found,
    said: Said = ACCEPTED,
    *,
    changes: tuple[Change, ...] = (),
    retry_after_seconds: float | None = None,
) -> Decision:
    """The decision; its subject is the first limit asked, which remembers it."""
    proposal, stored = wish.proposal, wish.stored
    subject = (
        limit_key(stored[0].limit.id)
        if stored
        else limit_name_key(proposal.names[0])
        if proposal.names
        else limit_key(proposal.limit_ids[0])
    )
    slots = SlotsFound(
        found=found,
        lease_id=proposal.lease_id if found is Found.GRANTED else None,
        limits=tuple(seen(each) for each in wish.limits),
        retry_after_seconds=retry_after_seconds,
    )
    version = stored[0].version + 1 if stored else 1
    facts = Facts(slots=slots)
    return decision(proposal, subject, version, wish.at, changes=changes, said=said, facts=facts)


def _expiry(at: datetime, ttl_seconds: float | None) -> datetime | None:
    return None if ttl_seconds is None else at + timedelta(seconds=ttl_seconds)
