"""The feed: one tail of the log for the whole process, fanned out to the sockets that listen.

A subscriber has a bounded queue. One that falls behind is dropped from the feed and told so;
nobody ever waits for it. The tail runs while somebody listens.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from uuid import UUID

from events.log import Entry, EventLog, Head
from events.told.event import Event, frame_of
from events.told.filters import EventFilter
from events.wire.codec import decode_decision

from ...patience import end
from .descriptions import Descriptions
from .flow_runs import amends, entered, event_of, is_of_flow_run, name_of

RETRY_S = 0.5

_log = logging.getLogger(__name__)


class Subscription:
    """What one subscriber has not been sent yet."""

    def __init__(self, wanted: EventFilter, backlog_max: int) -> None:
        self.wanted = wanted
        self.is_behind = asyncio.Event()
        self._backlog_max = backlog_max
        self._frames: asyncio.Queue[tuple[int, int, str]] = asyncio.Queue()

    def offer(self, frame: str, partition: int, position: int) -> None:
        """Queue *frame*; a subscriber that is too far behind is given up."""
        if self._frames.qsize() >= self._backlog_max:
            self.is_behind.set()
        else:
            self._frames.put_nowait((partition, position, frame))

    async def next(self) -> tuple[int, int, str]:
        """Partition, position and text of the next frame; no position for what is not logged."""
        return await self._frames.get()


class Feed:
    """Subscriptions, and the one task that serves them."""

    def __init__(
        self,
        log: EventLog,
        descriptions: Descriptions,
        outages: tuple[type[Exception], ...],
        backlog_max: int,
    ) -> None:
        self._log = log
        self._descriptions = descriptions
        self._outages = outages
        self._backlog_max = backlog_max
        self._subscriptions: set[Subscription] = set()
        self._tail: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @property
    def has_subscribers(self) -> bool:
        return bool(self._subscriptions)

    async def subscribe(self, wanted: EventFilter) -> tuple[Subscription, Mapping[int, Head]]:
        """A subscription to all that is decided after the heads given with it."""
        subscription = Subscription(wanted, self._backlog_max)
        async with self._starting:
            if self._tail is None or self._tail.done():
                self._descriptions.forget()
                cursors = {each: head.entry_id for each, head in (await self._heads()).items()}
                self._tail = asyncio.create_task(self._follow(cursors), name="gateway: feed")
            self._subscriptions.add(subscription)
            return subscription, await self._heads()

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Nothing more for *subscription*; without anybody the tail ends."""
        self._subscriptions.discard(subscription)
        if not self._subscriptions:
            await self.stop()

    async def stop(self) -> None:
        """End the tail."""
        tail, self._tail = self._tail, None
        await end(tail)

    def publish(self, event: Event, partition: int = -1, position: int = 0) -> None:
        """Offer *event* to whoever wants it."""
        frame: str | None = None
        for subscription in self._subscriptions:
            if subscription.wanted.allows(event):
                frame = frame or frame_of(event)
                subscription.offer(frame, partition, position)

    async def event_in(self, entry: Entry, wants: Callable[[str], bool]) -> Event | None:
        """The event of *entry*, if it tells of a flow run and its name is wanted."""
        if not is_of_flow_run(entry.body):
            return None
        decision = decode_decision(entry.body)
        change = entered(decision)
        id = UUID(decision.subject.rpartition(":")[2])
        if amends(decision):
            self._descriptions.forget(id)
        if change is None or not wants(name_of(change)):
            return None
        described = await self._descriptions.of(id)
        return None if described is None else event_of(change, described)

    async def _heads(self) -> dict[int, Head]:
        partitions = [
            each for each in self._log.streams.every() if each != self._log.streams.control
        ]
        return {each: await self._log.head(each) for each in partitions}

    async def _follow(self, cursors: dict[int, str]) -> None:
        while True:
            try:
                async for found in self._log.tail(cursors):
                    for partition, entries in found:
                        for entry in entries:
                            await self._tell(partition, entry)
                        cursors[partition] = entries[-1].entry_id
            except self._outages as error:
                _log.warning("the log cannot be followed, trying again: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _tell(self, partition: int, entry: Entry) -> None:
        event = await self.event_in(
            entry, lambda name: any(each.wanted.allows_name(name) for each in self._subscriptions)
        )
        if event is not None:
            position = int(entry.entry_id.rpartition("-")[2])
            self.publish(event, partition, position)
