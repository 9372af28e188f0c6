"""The feed: states of runs, and what else clients tell, fanned out to those who listen.

States are heard of from the log, and what else clients tell, whichever gateway they told it, from
the stream where it is kept. What engines tell this gateway of task runs is passed on at once and as
it is; those who listen to another one hear of it from the log.
"""

from collections.abc import Callable
from uuid import UUID

from events.changes import FlowRunAmended, FlowRunDeleted, StateEntered, StateRecorded
from events.decisions import TOLD, Decision
from events.log import Entry
from events.told.event import Event, frame_of
from events.told.filters import EventFilter
from events.told.states import FLOW_RUN, TASK_RUN, Entered, flow_run_event, task_run_event
from events.wire.codec import decode_decision

from ..recent import Recent
from ..writes import Offset, place
from .descriptions import Descriptions
from .subscriptions import HERE, Subscription, Subscriptions
from .tail import Ear, Ends, Tail
from .told import ToldEvent, event_told

OF_FLOW_RUN = b'"subject":"flow_run:'
OF_ENGINE = f'"kind":"{TOLD}"'.encode()
TOLD_MAX = 10_000
"""Events of engines that are remembered until the log has them."""


class Feed:
    """Subscriptions to events."""

    def __init__(
        self,
        decided: Tail[Entry],
        told: Tail[ToldEvent],
        descriptions: Descriptions,
        backlog_bytes_max: int,
    ) -> None:
        self._descriptions = descriptions
        self._told: Recent[UUID, frozenset[object]] = Recent(TOLD_MAX)
        self._subscriptions = Subscriptions[EventFilter](
            backlog_bytes_max, Ear(decided, self._hear), Ear(told, self._hear_told)
        )

    @property
    def has_subscribers(self) -> bool:
        return bool(self._subscriptions)

    async def subscribe(self, wanted: EventFilter) -> tuple[Subscription[EventFilter], Ends]:
        """A subscription to all that is decided or told after the ends given with it."""
        if not self._subscriptions:
            self._descriptions.forget()
        return await self._subscriptions.add(wanted)

    async def unsubscribe(self, subscription: Subscription[EventFilter]) -> None:
        """Nothing more for *subscription*."""
        await self._subscriptions.remove(subscription)

    def tell(self, event: Event) -> None:
        """Pass *event* on, which an engine told this gateway."""
        if event.id is not None:
            self._told.put(event.id, self._listeners())
        self._publish(event)

    async def event_in(
        self, partition: int, entry: Entry, wants: Callable[[str], bool]
    ) -> Event | None:
        """The event of *entry*, if it tells of a run and its name is wanted."""
        # cheap, and wrong only about what is no event anyway
        if OF_FLOW_RUN not in entry.body and OF_ENGINE not in entry.body:
            return None
        decision = decode_decision(entry.body)
        kind, _, id = decision.subject.partition(":")
        if kind == "flow_run":
            return await self._of_flow_run(UUID(id), decision, wants)
        if decision.kind == TOLD:
            return await self._of_task_run(partition, UUID(id), decision, wants)
        return None

    async def _of_flow_run(
        self, id: UUID, decision: Decision, wants: Callable[[str], bool]
    ) -> Event | None:
        if _amends(decision):
            self._descriptions.forget(id)
        change = next((each for each in decision.changes if isinstance(each, StateEntered)), None)
        if change is None or not wants(f"{FLOW_RUN}{change.state.name}"):
            return None
        described = await self._descriptions.of(id)
        if described is None:
            return None
        entered = Entered(change.state, change.left, change.booked.run_count)
        return flow_run_event(entered, described)

    async def _of_task_run(
        self, partition: int, id: UUID, decision: Decision, wants: Callable[[str], bool]
    ) -> Event | None:
        for change in decision.changes:
            if isinstance(change, StateEntered | StateRecorded):
                break
        else:
            return None
        if not wants(f"{TASK_RUN}{change.state.name}") or self._is_told(change.state.id):
            return None
        described = await self._descriptions.of_task_run(partition, id)
        if described is None:
            return None
        count = described.run.progress.booked.run_count
        left = change.left if isinstance(change, StateEntered) else None
        return task_run_event(Entered(change.state, left, count), described)

    def _is_told(self, id: UUID) -> bool:
        """Whether all who listen now have heard it here."""
        heard = self._told.get(id)
        return heard is not None and heard >= self._listeners()

    def _listeners(self) -> frozenset[object]:
        return frozenset(each.name for each in self._subscriptions)

    async def _hear(self, partition: int, entry: Entry) -> None:
        event = await self.event_in(
            partition,
            entry,
            lambda name: any(each.wanted.allows_name(name) for each in self._subscriptions),
        )
        if event is not None:
            self._publish(event, partition, place(entry.entry_id))

    async def _hear_told(self, stream: int, entry: ToldEvent) -> None:
        event = event_told(entry.body)
        if event is not None:
            self._publish(event, stream, place(entry.entry_id))

    def _publish(self, event: Event, stream: int | None = None, place: Offset = HERE) -> None:
        """Offer *event* to whoever wants it; with its place in a stream that it was read in."""
        heard = None if stream is None or event.id is None else self._told.get(event.id)
        frame: str | None = None
        for subscription in self._subscriptions:
            if heard is not None and subscription.name in heard:
                continue
            if subscription.wanted.allows(event):
                frame = frame or frame_of(event)
                subscription.offer(frame, stream, place)


def _amends(decision: Decision) -> bool:
    """Whether what is known of the run's attributes is outdated by *decision*."""
    outdated = (FlowRunAmended, FlowRunDeleted)
    return any(isinstance(change, outdated) for change in decision.changes)
