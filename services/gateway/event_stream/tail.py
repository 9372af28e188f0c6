"""The tail: one reading of the log, or of what is told, for the whole process while one listens."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Generic, Protocol, TypeVar

from events.log import EventLog, Found

from ...patience import end

RETRY_S = 0.5


class Placed(Protocol):
    """What has a place in its stream."""

    @property
    def entry_id(self) -> str: ...


E = TypeVar("E", bound=Placed)
Ends = Mapping[int, str]
"""By stream, the id of its last entry. The log's partitions are streams."""
Hear = Callable[[int, E], Awaitable[None]]
"""Is told of every entry with its stream, in the order of the stream."""

_log = logging.getLogger(__name__)


class Growing(Protocol[E]):
    """Streams that are written to."""

    async def ends(self) -> dict[int, str]:
        """The id of the last entry of each."""
        ...

    def tail(self, after: Ends) -> AsyncIterator[list[tuple[int, list[E]]]]:
        """What each read finds after these ids, no stream without entries; waits for more."""
        ...


class Decided:
    """The log, as a tail follows it."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def ends(self) -> dict[int, str]:
        """The id of the last decision of each partition."""
        every = self._log.streams.every()
        return {each: (await self._log.head(each)).entry_id for each in every}

    def tail(self, after: Ends) -> AsyncIterator[Found]:
        """What each read finds; waits for more."""
        return self._log.tail(after)


class Tail(Generic[E]):
    """Reads on from where the streams ended when the first one came, until the last one leaves."""

    def __init__(self, streams: Growing[E], outages: tuple[type[Exception], ...]) -> None:
        self._streams = streams
        self._outages = outages
        self._listeners: Counter[Hear[E]] = Counter()
        self._following: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def listen(self, hear: Hear[E]) -> Ends:
        """Let *hear* know of all that is written after the ends given back, or earlier.

        It is called once for an entry, however often it listens.
        """
        async with self._starting:
            if self._following is None or self._following.done():
                cursors = await self._streams.ends()
                self._following = asyncio.create_task(self._follow(cursors), name="gateway: tail")
            self._listeners[hear] += 1
        try:
            return await self._streams.ends()
        except BaseException:
            await self.leave(hear)
            raise

    async def leave(self, hear: Hear[E]) -> None:
        """Take back one `listen`."""
        self._listeners[hear] -= 1
        self._listeners += Counter()
        if not self._listeners:
            await self.stop()

    async def stop(self) -> None:
        """Read no further."""
        following, self._following = self._following, None
        await end(following)

    async def _follow(self, cursors: dict[int, str]) -> None:
        while True:
            try:
                async for found in self._streams.tail(cursors):
                    for stream, entries in found:
                        for entry in entries:
                            await self._pass_on(stream, entry)
                            cursors[stream] = entry.entry_id
                            await asyncio.sleep(0)  # who has been offered it may send it
            except self._outages as error:
                _log.warning("a stream cannot be followed, trying again: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _pass_on(self, stream: int, entry: E) -> None:
        for hear in tuple(self._listeners):
            try:
                await hear(stream, entry)
            except self._outages:
                raise
            except Exception:  # noqa: BLE001 - what one cannot read must not silence all after it
                _log.exception("entry %s of stream %s is passed over", entry.entry_id, stream)


class Ear(Generic[E]):
    """One who *hear*s what a *tail* reads."""

    def __init__(self, tail: Tail[E], hear: Hear[E]) -> None:
        self._tail = tail
        self._hear = hear

    async def listen(self) -> Ends:
        """Hear all that is written after the ends given back, or earlier."""
        return await self._tail.listen(self._hear)

    async def leave(self) -> None:
        """Take back one `listen`."""
        await self._tail.leave(self._hear)
