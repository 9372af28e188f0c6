"""The feed: what happens to flow runs, and what clients tell, fanned out to those who listen."""

from collections.abc import Callable, Mapping
from uuid import UUID

from events.changes import FlowRunAmended, FlowRunDeleted, StateEntered
from events.decisions import Decision
from events.log import Entry, Head
from events.told.event import Event, frame_of
from events.told.filters import EventFilter
from events.told.states import FLOW_RUN, Entered, flow_run_event
from events.wire.codec import decode_decision

from .descriptions import Descriptions
from .subscriptions import Subscription, Subscriptions
from .tail import Tail

OF_FLOW_RUN = b'"subject":"flow_run:'


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
        if OF_FLOW_RUN not in entry.body:  # cheap, and wrong only about what is no event anyway
            return None
        decision = decode_decision(entry.body)
        if not decision.subject.startswith("flow_run:"):
            return None
        id = UUID(decision.subject.rpartition(":")[2])
        if _amends(decision):
            self._descriptions.forget(id)
        change = next((each for each in decision.changes if isinstance(each, StateEntered)), None)
        if change is None or not wants(f"{FLOW_RUN}{change.state.name}"):
            return None
        described = await self._descriptions.of(id)
        if described is None:
            return None
        return flow_run_event(
            Entered(change.state, change.left, change.booked.run_count), described
        )

    async def _hear(self, partition: int, entry: Entry) -> None:
        event = await self.event_in(
            entry, lambda name: any(each.wanted.allows_name(name) for each in self._subscriptions)
        )
        if event is not None:
            position = int(entry.entry_id.rpartition("-")[2])
            self.publish(event, partition, position)


def _amends(decision: Decision) -> bool:
    """Whether what is known of the run's attributes is outdated by *decision*."""
    outdated = (FlowRunAmended, FlowRunDeleted)
    return any(isinstance(change, outdated) for change in decision.changes)
