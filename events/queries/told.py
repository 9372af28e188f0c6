"""Queries of what was told: a filter and a page, or a way of counting."""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from ..instants import Instant
from ..told.event import Event
from ..told.filters import EventFilter


class EventQuery(Struct, frozen=True, kw_only=True):
    """A page of the events that *wanted* allows, in its order."""

    wanted: EventFilter = EventFilter()
    limit: int
    offset: int = 0


class EventsFound(Struct, frozen=True):
    """A page of events, and how many there are in all."""

    events: list[Event]
    total: int


class EventCounts(Struct, frozen=True, kw_only=True):
    """Events that *wanted* allows, counted by name, by resource, or by spans from *start* on."""

    wanted: EventFilter
    by: Literal["event", "resource", "time"]
    start: datetime
    step: timedelta


class EventCount(Struct, frozen=True, kw_only=True):
    """How many events there are of a name, of a resource or in a span, and between when."""

    value: str
    label: str
    count: int
    start_time: Instant
    end_time: Instant
