"""Events are told: kept before they are confirmed, and passed on to who listens."""

import msgspec

from events.told.event import RESOURCE_ID, RESOURCE_ROLE, SentEvent

from ...context import Context
from ...event_stream.receiving import Received, accept, receive
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, invalid
from ...http.operations import Operation


async def create_events(context: Context, call: Call) -> Reply:
    """Keep events; all of them or, when one of them is none, not any."""
    received = Received()
    for place, sent in enumerate(call.as_a(list[SentEvent])):
        _check(sent, place)
        assert sent.id is not None
        try:
            receive(context, sent, sent.id, received)
        except (msgspec.DecodeError, ValueError) as error:
            raise invalid(f"Value error, {error}", "body", place, "payload") from None
    await accept(context, received)
    return NO_CONTENT


def _check(sent: SentEvent, place: int) -> None:
    if sent.id is None:
        raise invalid("Field required", "body", place, "id", kind="missing")
    if not sent.resource.get(RESOURCE_ID):
        said = f"Value error, Resources must include the {RESOURCE_ID} label"
        raise invalid(said, "body", place, "resource")
    for number, related in enumerate(sent.related):
        for label in (RESOURCE_ID, RESOURCE_ROLE):
            if not related.get(label):
                said = f"Value error, Related Resources must include the {label} label"
                raise invalid(said, "body", place, "related", number)


OPERATIONS = (
    Operation(method="POST", path="/events", handler=create_events, summary="Create Events",
              tag="Events", takes=list[SentEvent], statuses=(204,)),
)  # fmt: skip
