"""What this gateway has written, and how long a list waits until it can see it.

One poller asks the views how far they are and serves all lists that wait; its pauses grow from
one millisecond. A list that has waited its time is answered with what there is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import TypeVar

from events.log import EventLog, Head

from ..patience import end
from .views import Views

PAUSE_FIRST_S = 0.001
PAUSE_MAX_S = 0.05

Offset = tuple[int, int]
T = TypeVar("T")


class Mark:
    """What had been written at some moment: log positions, and proposals not yet decided."""

    def __init__(self, positions: Mapping[int, int], offsets: Mapping[int, Offset]) -> None:
        self.positions = dict(positions)
        self.offsets = dict(offsets)

    def settle(self, heads: Mapping[int, Head]) -> None:
        """Turn offsets that have been decided into the positions where they were, at most."""
        for partition, offset in list(self.offsets.items()):
            head = heads.get(partition)
            if head is not None and place(head.offset) >= offset:
                del self.offsets[partition]
                self.positions[partition] = max(self.positions.get(partition, 0), head.position)

    def is_shown(self, reached: Mapping[int, int]) -> bool:
        """Whether views that have *reached* these positions show all of it."""
        return not self.offsets and all(
            reached.get(partition, 0) >= position for partition, position in self.positions.items()
        )


class OwnWrites:
    """Remembers this process's last writes by partition; lists wait for them."""

    def __init__(self, views: Views, log: EventLog, wait_s: float) -> None:
        self._views = views
        self._log = log
        self._wait_s = wait_s
        self._written = Mark({}, {})
        self._reached: Mapping[int, int] = {}
        self._waiting: list[tuple[Mark, asyncio.Future[None]]] = []
        self._poller: asyncio.Task[None] | None = None
        self._pause_s = PAUSE_FIRST_S

    def decided(self, partition: int, entry_id: str) -> None:
        """A proposal of ours was decided as *entry_id*."""
        position = int(entry_id.rpartition("-")[2])
        if position > self._written.positions.get(partition, 0):
            self._written.positions[partition] = position

    def sent(self, partition: int, offset: str) -> None:
        """A proposal of ours is in the proposals stream as *offset*."""
        before = self._written.offsets.get(partition, (0, 0))
        self._written.offsets[partition] = max(place(offset), before)

    async def are_decided(self) -> None:
        """Wait, bounded, until what was sent so far has been decided; mostly there is nothing."""
        mark = Mark({}, self._written.offsets)

        async def settled() -> bool:
            heads = await self._heads(mark.offsets)
            mark.settle(heads)
            self._written.settle(heads)
            return not mark.offsets

        await until(bool, settled, self._wait_s)

    async def are_visible(self) -> None:
        """Wait, bounded, until the views show what this gateway has written so far."""
        mark = Mark(self._written.positions, self._written.offsets)
        if mark.is_shown(self._reached):
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((mark, waiting))
        self._pause_s = PAUSE_FIRST_S
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll(), name="gateway: views")
            self._poller.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(self._wait_s):
                await waiting
        except TimeoutError:
            return

    async def stop(self) -> None:
        """Stop polling."""
        await end(self._poller)

    async def _poll(self) -> None:
        while self._waiting:
            open_offsets = {each for mark, _ in self._waiting for each in mark.offsets}
            heads = await self._heads(open_offsets)
            self._written.settle(heads)
            self._reached = await self._views.positions()
            for mark, waiting in self._waiting:
                mark.settle(heads)
                if mark.is_shown(self._reached) and not waiting.done():
                    waiting.set_result(None)
            self._waiting = [each for each in self._waiting if not each[1].done()]
            if self._waiting:
                await asyncio.sleep(self._pause_s)
                self._pause_s = min(self._pause_s * 2, PAUSE_MAX_S)

    async def _heads(self, partitions: Iterable[int]) -> dict[int, Head]:
        return {each: await self._log.head(each) for each in list(partitions)}

    def _ended(self, poller: asyncio.Task[None]) -> None:
        """Whoever still waits hears why nobody asks for him any more."""
        if poller is not self._poller:
            return  # another has begun since, for those who have come since
        waiting, self._waiting = self._waiting, []
        broken = None if poller.cancelled() else poller.exception()
        for _, one in waiting:
            if not one.done():
                one.cancel() if broken is None else one.set_exception(broken)


async def until(is_so: Callable[[T], bool], ask: Callable[[], Awaitable[T]], wait_s: float) -> None:
    """Ask, after longer and longer pauses, until it *is_so*, or the time is over."""
    pause_s = PAUSE_FIRST_S
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            while not is_so(await ask()):
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, PAUSE_MAX_S)


def place(offset: str) -> Offset:
    """Where an entry is among those of its stream."""
    ms, _, sequence = offset.partition("-")
    return int(ms), int(sequence)
