"""Who holds slots of every limit at every position, folded from the log and nothing else."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import anyio

from events.changes import Change
from events.decisions import Recorded
from events.entities import Entity
from events.evolve import evolve, learn
from events.log import Entry
from events.slots import ConcurrencyLimit, Holder
from events.wire.codec import decode_decision
from headgate import wiring
from headgate.bus.connecting import streams_of
from headgate.settings import Settings
from tests.support.gateway import Running
from tests.support.processing import logged

Limits = dict[str, ConcurrencyLimit]
"""Limits by their names."""


def at_every_position(entries: Sequence[Entry]) -> Iterator[Limits]:
    """The limits after each entry of the control partition, which knows nothing of the others."""
    known: dict[str, Entity] = {}
    for position, entry in enumerate(entries, start=1):
        decision = decode_decision(entry.body)
        recorded = Recorded(partition=0, position=position, time_ms=0, decision=decision)
        learn(known, evolve(known, recorded))
        limits = (each for each in known.values() if isinstance(each, ConcurrencyLimit))
        yield {each.limit.name: each for each in limits}


def held(limit: ConcurrencyLimit) -> int:
    """The slots of *limit* that its holders hold."""
    return sum(each.slots for each in limit.leases.values())


def holders(limit: ConcurrencyLimit) -> list[Holder]:
    """Those that say who they are."""
    return [each.holder for each in limit.leases.values() if each.holder is not None]


def ids_of(limits: Sequence[Limits], name: str) -> set[UUID]:
    """Whoever has ever held a slot of the limit *name*."""
    return {each.id for one in limits if name in one for each in holders(one[name])}


def told_by(running: Running) -> list[Limits]:
    """The limits at every position of the log of *running*."""
    return list(at_every_position(anyio.run(_entries, running)))


def changes_of(running: Running) -> list[Change]:
    """All that has changed in the control partition of *running*."""
    entries = anyio.run(_entries, running)
    return [change for entry in entries for change in decode_decision(entry.body).changes]


async def _entries(running: Running) -> list[Entry]:
    settings = Settings(redis_url=running.redis_url, prefix=running.prefix)
    streams = await streams_of(settings, running.redis_url)
    async with wiring.opened(streams, running.redis_url, "holders") as log:
        return await logged(log, streams.control)
