"""Limits and leases as they are now, read from the snapshots of the control partition."""

from collections.abc import Iterable
from uuid import UUID

from events.entities import Alias, Entity
from events.queries import LimitQuery
from events.slots import (
    ConcurrencyLease,
    ConcurrencyLimit,
    lease_key,
    limit_key,
    limit_name_key,
)
from events.wire.snapshots import entity_of

from ...context import Context
from ...rendering.limits import LimitResponse, limit_response


async def limits_of(context: Context, ids: Iterable[UUID]) -> list[ConcurrencyLimit]:
    """The limits of these ids, those that there are, in this order."""
    found = await _entities(context, [limit_key(id) for id in ids])
    return [each for each in found if isinstance(each, ConcurrencyLimit)]


async def limits_named(context: Context, names: Iterable[str]) -> list[ConcurrencyLimit]:
    """The limits of these names, those that there are, in this order."""
    found = await _entities(context, [limit_name_key(name) for name in names])
    return await limits_of(context, [each.id for each in found if isinstance(each, Alias)])


async def limits_shown(context: Context, ids: Iterable[UUID]) -> dict[UUID, LimitResponse]:
    """The limits of these ids, as clients read them now."""
    now = context.now()
    found = await limits_of(context, dict.fromkeys(ids))
    return {each.limit.id: limit_response(each.limit, now) for each in found}


async def limits_listed(context: Context, query: LimitQuery) -> list[ConcurrencyLimit]:
    """A page of the limits, by name."""
    await context.writes.are_visible()
    return await limits_of(context, await context.views.concurrency_limits(query))


async def leases_of(context: Context, limit: ConcurrencyLimit) -> list[ConcurrencyLease]:
    """The leases that hold slots of *limit* and have not expired."""
    now = context.now()
    found = await _entities(context, [lease_key(id) for id in limit.leases])
    leases = [each for each in found if isinstance(each, ConcurrencyLease)]
    return [each for each in leases if each.lease.expires is None or each.lease.expires > now]


async def _entities(context: Context, keys: list[str]) -> list[Entity | None]:
    if not keys:
        return []
    values = await context.log.snapshots(context.streams.control, keys)
    return [entity_of(key, [value]) for key, value in zip(keys, values, strict=True)]
