"""Subscriptions: what each listener wants and has not been sent yet.

A subscriber has a queue that is bounded in bytes. One that falls behind is given up and told so;
nobody ever waits for it.
"""

import asyncio
import sys
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from ..writes import Offset
from .tail import Ear, Ends

W = TypeVar("W")
Frame = tuple[int | None, Offset, str]
"""Stream, place and text of what is sent; without a stream, it was told here."""
HERE: Offset = (0, 0)


class Subscription(Generic[W]):
    """One subscriber, and the frames that wait for it; its *name* outlives it at no cost."""

    def __init__(self, wanted: W, backlog_bytes_max: int) -> None:
        self.wanted = wanted
        self.name = object()
        self.is_behind = asyncio.Event()
        self._backlog_bytes_max = backlog_bytes_max
        self._backlog_bytes = 0
        self._frames: asyncio.Queue[tuple[int, Frame]] = asyncio.Queue()

    def offer(self, text: str, stream: int | None = None, place: Offset = HERE) -> None:
        """Queue a frame; a subscriber that is too far behind is given up."""
        if self._backlog_bytes >= self._backlog_bytes_max:
            self.is_behind.set()
        else:
            size = sys.getsizeof(text)
            self._backlog_bytes += size
            self._frames.put_nowait((size, (stream, place, text)))

    async def next(self) -> Frame:
        """The next frame."""
        size, found = await self._frames.get()
        self._backlog_bytes -= size
        return found


class Subscriptions(Generic[W]):
    """Those who listen to one kind of thing, which *ears* hear of while there are any."""

    def __init__(self, backlog_bytes_max: int, *ears: Ear[Any]) -> None:
        self._ears = ears
        self._backlog_bytes_max = backlog_bytes_max
        self._all: set[Subscription[W]] = set()

    def __bool__(self) -> bool:
        return bool(self._all)

    def __iter__(self) -> Iterator[Subscription[W]]:
        return iter(tuple(self._all))

    async def add(self, wanted: W) -> tuple[Subscription[W], Ends]:
        """A subscription to all that is written after the ends given with it."""
        subscription = Subscription(wanted, self._backlog_bytes_max)
        self._all.add(subscription)
        ends: dict[int, str] = {}
        listening: list[Ear[Any]] = []
        try:
            for ear in self._ears:
                ends.update(await ear.listen())
                listening.append(ear)
        except BaseException:
            self._all.discard(subscription)
            for ear in listening:
                await ear.leave()
            raise
        return subscription, ends

    async def remove(self, subscription: Subscription[W]) -> None:
        """Nothing more for *subscription*."""
        self._all.discard(subscription)
        for ear in self._ears:
            await ear.leave()
