"""The limits and leases that a proposal is about."""

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never
from uuid import UUID

from events.entities import Alias, Entity
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
    SlotProposal,
    TakeSlots,
)
from events.slots import (
    ConcurrencyLease,
    ConcurrencyLimit,
    Lease,
    SlotsDecided,
    lease_key,
    limit_key,
    limit_name_key,
    slots_decided_key,
)

Known = Mapping[str, Entity]


def needed(known: Known, proposal: SlotProposal) -> tuple[str, ...]:
    """The keys of what *proposal* is about, as far as *known* leads there, and of its memory."""
    match proposal:
        case CreateLimit(name=name, limit_id=id):
            keys = [*_named(known, [name]), *([] if id is None else [limit_key(id)])]
        case AmendLimit(limit_id=id, name=name):
            keys = [limit_key(id), *_named(known, [name] if isinstance(name, str) else [])]
        case DeleteLimit(limit_id=id):
            keys = [limit_key(id)]
        case ResetLimit(limit_id=id):
            limit = limit_of(known, id)
            leases = [] if limit is None else [*limit.leases]
            keys = [limit_key(id), *(key for each in leases for key in _leased(known, each))]
        case TakeSlots(names=names, limit_ids=ids, lease_id=lease, instead_of=other):
            held = [lease_key(each) for each in (lease, other) if each is not None]
            keys = [*_named(known, names), *map(limit_key, ids), *held]
        case GiveSlots(names=names):
            keys = _named(known, names)
        case RenewLease(lease_id=id):
            keys = [lease_key(id)]
        case EndLease(lease_id=id) | ReapLease(lease_id=id):
            keys = _leased(known, id)
        case EndLeasesOf(names=names, holder=holder):
            held = [
                key
                for each in limits_named(known, names)
                for id, held in each.leases.items()
                if held.holder == holder
                for key in _leased(known, id)
            ]
            keys = [*_named(known, names), *held]
        case _:
            assert_never(proposal)
    return tuple(dict.fromkeys([slots_decided_key(proposal.id), *keys]))


def answered_before(known: Known, proposal: SlotProposal) -> str | None:
    """The entry that answered *proposal*, if it is remembered."""
    memory = known.get(slots_decided_key(proposal.id))
    return memory.decided.get(proposal.id) if isinstance(memory, SlotsDecided) else None


def limit_of(known: Known, id: UUID) -> ConcurrencyLimit | None:
    """The limit *id*, if there is one."""
    limit = known.get(limit_key(id))
    return limit if isinstance(limit, ConcurrencyLimit) else None


def limit_named(known: Known, name: str) -> ConcurrencyLimit | None:
    """The limit that is called *name*, if there is one."""
    alias = known.get(limit_name_key(name))
    return limit_of(known, alias.id) if isinstance(alias, Alias) else None


def limits_named(known: Known, names: Iterable[str]) -> list[ConcurrencyLimit]:
    """Those of *names* that there are, each once, in the order of their names."""
    found = {
        limit.limit.id: limit for name in names if (limit := limit_named(known, name)) is not None
    }
    return sorted(found.values(), key=lambda each: each.limit.name)


def lease_of(known: Known, id: UUID) -> ConcurrencyLease | None:
    """The lease *id*, if it is held."""
    lease = known.get(lease_key(id))
    return lease if isinstance(lease, ConcurrencyLease) else None


def limits_of(known: Known, lease: Lease) -> list[ConcurrencyLimit]:
    """The limits that *lease* holds slots of; one that was deleted is not there any more."""
    found = (limit_of(known, id) for id in lease.limits)
    return [each for each in found if each is not None]


def _named(known: Known, names: Iterable[str]) -> list[str]:
    return [key for name in names for key in _with_its_limit(known, limit_name_key(name))]


def _with_its_limit(known: Known, key: str) -> Iterator[str]:
    yield key
    alias = known.get(key)
    if isinstance(alias, Alias):
        yield limit_key(alias.id)


def _leased(known: Known, id: UUID) -> list[str]:
    held = lease_of(known, id)
    return [lease_key(id), *(map(limit_key, held.lease.limits) if held is not None else ())]
