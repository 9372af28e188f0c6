"""Events as clients send and read them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Raw, Struct, field, json

from ..instants import Instant

Resource = dict[str, str]

RESOURCE_ID = "prefect.resource.id"
RESOURCE_NAME = "prefect.resource.name"
RESOURCE_ROLE = "prefect.resource.role"

NO_PAYLOAD = Raw(b"{}")


def _no_payload() -> Raw:
    # a default that is JSON already cannot be described
    return NO_PAYLOAD


class Event(Struct, frozen=True, kw_only=True):
    """Something that happened to a resource, and the resources that it is related to."""

    occurred: Instant
    event: str
    resource: Resource
    related: list[Resource] = []
    payload: Any = field(default_factory=_no_payload)
    id: UUID | None = None
    follows: UUID | None = None
    received: Instant | None = None


class SentEvent(Struct, frozen=True, kw_only=True):
    """An event as a client sends it; its payload is read when it is known what it is."""

    occurred: Instant
    event: str
    resource: Resource
    related: list[Resource] = []
    payload: Raw = field(default_factory=_no_payload)
    id: UUID | None = None
    follows: UUID | None = None


class _Frame(Struct, frozen=True, tag="event", tag_field="type"):
    event: Event


def frame_of(event: Event) -> str:
    """The message that carries *event* to a subscriber."""
    return json.encode(_Frame(event)).decode()


def received_event(sent: SentEvent, id: UUID, now: datetime) -> Event:
    """*sent* as subscribers see it."""
    return Event(
        occurred=sent.occurred,
        event=sent.event,
        resource=sent.resource,
        related=sent.related,
        payload=sent.payload,
        id=id,
        follows=sent.follows,
        received=now,
    )
