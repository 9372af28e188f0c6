"""The tail: one reading of the log for the whole process, while somebody listens."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from events.log import Entry, EventLog, Head

from ...patience import end

RETRY_S = 0.5

Hear = Callable[[int, Entry], Awaitable[None]]
"""Is told of every entry with its partition, in the order of the partition."""

_log = logging.getLogger(__name__)


class Tail:
    """Reads on from where the log ended when the first one came, until the last one leaves."""

    def __init__(self, log: EventLog, outages: tuple[type[Exception], ...]) -> None:
        self._log = log
        self._outages = outages
        self._listeners: Counter[Hear] = Counter()
        self._following: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    async def listen(self, hear: Hear) -> Mapping[int, Head]:
        """Let *hear* know of all that is decided after the heads given back, or earlier.

        It is called once for an entry, however often it listens.
        """
        async with self._starting:
            if self._following is None or self._following.done():
                cursors = {each: head.entry_id for each, head in (await self._heads()).items()}
                self._following = asyncio.create_task(self._follow(cursors), name="gateway: tail")
            self._listeners[hear] += 1
        try:
            return await self._heads()
        except self._outages:
            await self.leave(hear)
            raise

    async def leave(self, hear: Hear) -> None:
        """Take back one `listen`."""
        self._listeners[hear] -= 1
        self._listeners += Counter()
        if not self._listeners:
            await self.stop()

    async def stop(self) -> None:
        """Read no further."""
        following, self._following = self._following, None
        await end(following)

    async def _heads(self) -> dict[int, Head]:
        return {each: await self._log.head(each) for each in self._log.streams.every()}

    async def _follow(self, cursors: dict[int, str]) -> None:
        while True:
            try:
                async for found in self._log.tail(cursors):
                    for partition, entries in found:
                        for entry in entries:
                            for hear in tuple(self._listeners):
                                await hear(partition, entry)
                            await asyncio.sleep(0)  # who has been offered it may send it
                        cursors[partition] = entries[-1].entry_id
            except self._outages as error:
                _log.warning("the log cannot be followed, trying again: %s", error)
                await asyncio.sleep(RETRY_S)
