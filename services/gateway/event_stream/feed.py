"""The feed: what happens to flow runs, and what clients tell, fanned out to those who listen."""

from collections.abc import Callable, Mapping
from uuid import UUID

from events.log import Entry, Head
from events.told.event import Event, frame_of
from events.told.filters import EventFilter
from events.wire.codec import decode_decision

from .descriptions import Descriptions
from .flow_runs import amends, entered, event_of, is_of_flow_run, name_of
from .subscriptions import Subscription, Subscriptions
from .tail import Tail


class Feed:
    """Subscriptions to events."""

    def __init__(self, tail: Tail, descriptions: Descriptions, backlog_max: int) -> None:
        self._descriptions = descriptions
        self._subscriptions = Subscriptions[EventFilter](tail, self._hear, backlog_max)

    @property
    def has_subscribers(self) -> bool:
        return bool(self._subscriptions)

    async def subscribe(
        self, wanted: EventFilter
    ) -> tuple[Subscription[EventFilter], Mapping[int, Head]]:
        """A subscription to all that is decided after the heads given with it."""
        if not self._subscriptions:
            self._descriptions.forget()
        return await self._subscriptions.add(wanted)

    async def unsubscribe(self, subscription: Subscription[EventFilter]) -> None:
        """Nothing more for *subscription*."""
        await self._subscriptions.remove(subscription)

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

    async def _hear(self, partition: int, entry: Entry) -> None:
        event = await self.event_in(
            entry, lambda name: any(each.wanted.allows_name(name) for each in self._subscriptions)
        )
        if event is not None:
            position = int(entry.entry_id.rpartition("-")[2])
            self.publish(event, partition, position)
