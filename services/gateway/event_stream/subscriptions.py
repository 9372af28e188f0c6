"""Subscriptions: what each listener wants and has not been sent yet.

A subscriber has a queue that is bounded in bytes. One that falls behind is given up and told so;
nobody ever waits for it.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from events.log import Head

from .tail import Hear, Tail

W = TypeVar("W")


class Subscription(Generic[W]):
    """One subscriber, and the frames that wait for it; its *name* outlives it at no cost."""

    def __init__(self, wanted: W, backlog_bytes_max: int) -> None:
        self.wanted = wanted
        self.name = object()
        self.is_behind = asyncio.Event()
        self._backlog_bytes_max = backlog_bytes_max
        self._backlog_bytes = 0
        self._frames: asyncio.Queue[tuple[int, tuple[int, int, str]]] = asyncio.Queue()

    def offer(self, frame: str, partition: int = -1, position: int = 0) -> None:
        """Queue *frame*; a subscriber that is too far behind is given up."""
        if self._backlog_bytes >= self._backlog_bytes_max:
            self.is_behind.set()
        else:
            size = sys.getsizeof(frame)
            self._backlog_bytes += size
            self._frames.put_nowait((size, (partition, position, frame)))

    async def next(self) -> tuple[int, int, str]:
        """Partition, position and text of the next frame; no position for what is not logged."""
        size, found = await self._frames.get()
        self._backlog_bytes -= size
        return found


class Subscriptions(Generic[W]):
    """Those who listen to one kind of thing, which *hear* finds in the log while there are any."""

    def __init__(self, tail: Tail, hear: Hear, backlog_bytes_max: int) -> None:
        self._tail = tail
        self._hear = hear
        self._backlog_bytes_max = backlog_bytes_max
        self._all: set[Subscription[W]] = set()

    def __bool__(self) -> bool:
        return bool(self._all)

    def __iter__(self) -> Iterator[Subscription[W]]:
        return iter(tuple(self._all))

    async def add(self, wanted: W) -> tuple[Subscription[W], Mapping[int, Head]]:
        """A subscription to all that is decided after the heads given with it."""
        subscription = Subscription(wanted, self._backlog_bytes_max)
        self._all.add(subscription)
        try:
            return subscription, await self._tail.listen(self._hear)
        except BaseException:
            self._all.discard(subscription)
            raise

    async def remove(self, subscription: Subscription[W]) -> None:
        """Nothing more for *subscription*."""
        self._all.discard(subscription)
        await self._tail.leave(self._hear)
