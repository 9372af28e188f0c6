"""What changes of limits and leases make of them; the holders of every limit are this fold."""

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import assert_never, cast
from uuid import UUID

from msgspec import structs

from ..changes import Counted, LeaseRenewed, LimitRemoved, LimitStored, SlotsGiven, SlotsTaken
from ..decisions import Decision
from ..entities import Alias, Entity
from . import ConcurrencyLease, ConcurrencyLimit, Held, lease_key, limit_key, limit_name_key

SlotChange = LimitStored | LimitRemoved | SlotsTaken | SlotsGiven | LeaseRenewed

SUBJECTS = ("concurrency_limit:", "concurrency_limit_name:", "concurrency_lease:")
"""How the key of what a decision about slots is about begins."""

Changed = MutableMapping[str, Entity | None]


def count_slots(known: Mapping[str, Entity], changed: Changed, change: SlotChange) -> None:
    """Bring *changed*, what a decision has made of *known* so far, up to date with *change*."""

    def now(key: str) -> Entity | None:
        return changed[key] if key in changed else known.get(key)

    match change:
        case LimitStored(limit=limit):
            before = now(limit_key(limit.id))
            if not isinstance(before, ConcurrencyLimit):
                before = ConcurrencyLimit(limit=limit)
            elif before.limit.name != limit.name:
                changed[limit_name_key(before.limit.name)] = None
            changed[limit_key(limit.id)] = structs.replace(before, limit=limit)
            changed[limit_name_key(limit.name)] = Alias(id=limit.id)
        case LimitRemoved(id=id, name=name):
            changed[limit_key(id)] = changed[limit_name_key(name)] = None
        case SlotsTaken(counted=counted, lease=lease):
            for each in counted:
                limit = _counted(now(limit_key(each.id)), each)
                if lease is not None:
                    held = Held(slots=lease.slots, holder=lease.holder)
                    limit = structs.replace(limit, leases={**limit.leases, lease.id: held})
                changed[limit_key(each.id)] = limit
            if lease is not None:
                changed[lease_key(lease.id)] = ConcurrencyLease(lease=lease)
        case SlotsGiven(counted=counted, lease_id=lease_id):
            for each in counted:
                limit = _counted(now(limit_key(each.id)), each)
                leases = {id: held for id, held in limit.leases.items() if id != lease_id}
                changed[limit_key(each.id)] = structs.replace(limit, leases=leases)
            if lease_id is not None:
                changed[lease_key(lease_id)] = None
        case LeaseRenewed(lease_id=id, expires=expires):
            held = cast(ConcurrencyLease, now(lease_key(id)))
            renewed = structs.replace(held.lease, expires=expires)
            changed[lease_key(id)] = structs.replace(held, lease=renewed)
        case _:
            assert_never(change)


def lease_timers(decision: Decision) -> dict[UUID, datetime | None]:
    """By lease, the instant at which it is due from now on; None: it is not due any more.

    A lease that is due is ended by a `ReapLease`, which changes nothing if it was renewed.
    """
    timers: dict[UUID, datetime | None] = {}
    for change in decision.changes:
        match change:
            case SlotsTaken(lease=lease) if lease is not None:
                timers[lease.id] = lease.expires
            case SlotsGiven(lease_id=id) if id is not None:
                timers[id] = None
            case LeaseRenewed(lease_id=id, expires=expires):
                timers[id] = expires
            case _:
                pass
    return timers


def _counted(limit: Entity | None, now: Counted) -> ConcurrencyLimit:
    """*limit* with its counts as they are now."""
    known = cast(ConcurrencyLimit, limit)
    counts = structs.replace(
        known.limit,
        active_slots=now.active_slots,
        denied_slots=now.denied_slots,
        avg_slot_occupancy_seconds=now.avg_slot_occupancy_seconds,
        updated=now.updated,
    )
    return structs.replace(known, limit=counts)
