"""Snapshots must be what the log says of each entity; there must be none besides."""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import DecodeError

from events.entities import Entity
from events.log import EventLog
from events.wire.snapshots import ATTRIBUTES, entity_of, fields_of

from .folding import Folding

PAGE = 1_000


async def differing_snapshots(log: EventLog, redis: Any, folding: Folding) -> AsyncIterator[str]:
    """What of the snapshots is not as *folding* says; it is folded further while the log grows."""
    name = log.streams.name(folding.partition)
    suspects = [key async for key in _suspects(log, redis, folding)]
    while suspects and not await folding.is_at_end():
        await folding.page()
        suspects = [key for key in suspects if await _differs(log, folding, key)]
    for key in suspects:
        known, stored = folding.known.get(key), await _stored(log, folding.partition, key)
        if known is None:
            yield f"partition {name}, snapshot {key}: the log knows nothing of it"
        elif stored is None:
            yield f"partition {name}, snapshot {key}: it is missing, or cannot be read"
        else:
            version = getattr(getattr(known, "progress", known), "version", "?")
            yield f"partition {name}, snapshot {key}: it is not version {version} of the log"


async def _suspects(log: EventLog, redis: Any, folding: Folding) -> AsyncIterator[str]:
    stored: set[str] = set()
    async for field, _ in redis.hscan_iter(log.streams.snapshots(folding.partition), count=PAGE):
        stored.add(field.decode().removesuffix(ATTRIBUTES))
    for stranger in sorted(stored - folding.known.keys()):
        yield stranger
    keys = list(folding.known)
    for start in range(0, len(keys), PAGE):
        chunk = keys[start : start + PAGE]
        values = iter(
            await log.snapshots(folding.partition, [f for key in chunk for f in fields_of(key)])
        )
        for key in chunk:
            read = [next(values) for _ in fields_of(key)]
            if _read(key, read) != folding.known[key]:
                yield key


async def _differs(log: EventLog, folding: Folding, key: str) -> bool:
    known = folding.known.get(key)
    values = await log.snapshots(folding.partition, fields_of(key))
    if known is None:
        return any(value is not None for value in values)
    return _read(key, values) != known


async def _stored(log: EventLog, partition: int, key: str) -> Entity | None:
    return _read(key, await log.snapshots(partition, fields_of(key)))


def _read(key: str, values: list[bytes | None]) -> Entity | None:
    try:
        return entity_of(key, values)
    except (DecodeError, ValueError):
        return None
