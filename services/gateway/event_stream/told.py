"""What clients tell and the log does not hold: kept in a stream, which is followed like the log."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import DecodeError, Raw, json

from events.told.event import NO_PAYLOAD, Event

TOLD = -1
"""Stands for the stream of what is told among the partitions of the log."""
READ_MAX = 1_000
"""Events of one read."""

_log = logging.getLogger(__name__)


class ToldEvent(NamedTuple):
    """An event as it is kept."""

    entry_id: str
    body: bytes


class _Unread(Event, frozen=True, kw_only=True):
    """An event whose payload stays as it was sent."""

    payload: Raw = NO_PAYLOAD


_events = json.Decoder(_Unread)


class Told(Protocol):
    """The stream of what is told."""

    async def tell(self, events: Sequence[bytes]) -> str:
        """Append events; the id of the last one."""
        ...

    async def end(self) -> str:
        """The id of the last event; `START` when there is none."""
        ...

    async def read(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        """At most *limit* events after the id *after*, oldest first; waits a while for one."""
        ...

    async def between(self, after: str, last: str, limit: int) -> list[tuple[str, bytes]]:
        """At most *limit* events after the id *after* and up to *last*, oldest first."""
        ...


class Telling:
    """What is told, as a tail follows it."""

    def __init__(self, told: Told) -> None:
        self._told = told

    async def ends(self) -> dict[int, str]:
        """The id of the last event."""
        return {TOLD: await self._told.end()}

    async def tail(
        self, after: Mapping[int, str]
    ) -> AsyncIterator[list[tuple[int, list[ToldEvent]]]]:
        """What each read finds; waits for more."""
        cursor = after[TOLD]
        while True:
            found = [ToldEvent(*each) for each in await self._told.read(cursor, READ_MAX)]
            if found:
                cursor = found[-1].entry_id
                yield [(TOLD, found)]


def event_told(body: bytes) -> Event | None:
    """The event that is kept as *body*, if it can be read."""
    try:
        return _events.decode(body)
    except (DecodeError, ValueError) as error:
        _log.warning("an event that was told cannot be read: %s", error)
        return None
