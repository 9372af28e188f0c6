"""Events that a client sends: what they propose, and what is kept and passed on of them."""

from uuid import UUID

from msgspec import Struct, json

from events.proposals import RecordTaskRun
from events.told.event import RESOURCE_ID, Event, SentEvent, received_event

from ..access import calling
from ..context import Context
from ..writes import place
from .task_runs import is_of_engine, recording


class Received(Struct, frozen=True):
    """What a batch of events comes to; those that propose nothing are *kept* as they are."""

    proposals: list[RecordTaskRun] = []
    proposing: list[Event] = []
    kept: list[Event] = []


def receive(context: Context, sent: SentEvent, id: UUID, into: Received) -> None:
    """Add *sent* to what a batch comes to; ValueError when it does not say enough."""
    if not sent.resource.get(RESOURCE_ID):
        raise ValueError(f"resource has no {RESOURCE_ID}")
    event = received_event(sent, id, context.now())
    if is_of_engine(sent):
        into.proposals.append(recording(sent, id, calling.get().name))
        into.proposing.append(event)
    else:
        into.kept.append(event)


async def accept(context: Context, received: Received) -> None:
    """Propose and keep, and only then pass on; what is kept is heard of from where it is kept."""
    if received.proposals:
        offsets = await context.proposer.send_many(received.proposals)
        for proposal, offset in zip(received.proposals, offsets, strict=True):
            partition = context.streams.of(proposal)
            context.writes.sent(partition, offset)
            context.task_run_lives(proposal.task_run_id, partition)
    if received.kept:
        last = await context.told.tell([json.encode(each) for each in received.kept])
        context.last_told = max(last, context.last_told, key=place)
    if context.feed.has_subscribers:
        for event in received.proposing:
            context.feed.tell(event)
