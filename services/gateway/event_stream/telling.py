"""The server tells what follows from its log, on the stream where clients tell what they saw.

The teller follows the log from where it has been told, in whatever process that was. When another
gateway has been faster, it goes on from there.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import json

from events.log import START, Entry, EventLog
from events.told.event import Event

from .feed import Feed

RETRY_S = 0.5

_log = logging.getLogger(__name__)


class Told(Protocol):
    """Where events are kept."""

    async def tell(self, events: Sequence[bytes]) -> str:
        """Append events; the id of the last one."""
        ...

    async def told_of(self) -> Mapping[int, str]:
        """By partition, the entry of the log up to which the server has told."""
        ...

    async def tell_of(
        self, partition: int, before: str, after: str, events: Sequence[bytes]
    ) -> bool:
        """Append the events of the entries between; false when somebody else has done so."""
        ...


class Teller:
    """Tells what happens to flow runs, as far as nobody else has."""

    def __init__(
        self, log: EventLog, feed: Feed, told: Told, outages: tuple[type[Exception], ...]
    ) -> None:
        self._log = log
        self._feed = feed
        self._told = told
        self._outages = outages

    async def run(self) -> None:
        """Tell for ever."""
        while True:
            try:
                await self._follow()
            except self._outages as error:
                _log.warning("the server's events cannot be told, trying again: %s", error)
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        """Tell until somebody else was faster."""
        told, streams = await self._told.told_of(), self._log.streams
        at = {each: told.get(each, START) for each in streams.every() if each != streams.control}
        async for found in self._log.tail(dict(at)):
            for partition, entries in found:
                events = await self._events(entries)
                last = entries[-1].entry_id
                if not await self._told.tell_of(partition, at[partition], last, events):
                    return
                at[partition] = last

    async def _events(self, entries: Sequence[Entry]) -> list[bytes]:
        found: list[Event | None] = [
            await self._feed.event_in(entry, lambda _: True) for entry in entries
        ]
        return [json.encode(event) for event in found if event is not None]
