"""Events: SQL narrows them as far as it can, the filter looks at what is left."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, asc, desc, union_all

from events.queries.told import EventCount, EventCounts, EventQuery, EventsFound
from events.told.event import Event
from events.told.filters import EventFilter

from .sources import SOURCES
from .telling import told

READ_MAX = 500
"""Rows that are looked at together."""


def events_found(connection: Connection, query: EventQuery) -> EventsFound:
    """A page of events, and how many there are."""
    wanted = query.wanted
    if not wanted.looks_within:
        page = _ordered(wanted).limit(query.limit).offset(query.offset)
        total = sum(source.count(connection, wanted) for source in SOURCES)
        return EventsFound(told(connection, connection.execute(page).all()), total)
    found: list[Event] = []
    total = 0
    for event in _allowed(connection, wanted):
        if query.offset <= total < query.offset + query.limit:
            found.append(event)
        total += 1
    return EventsFound(found, total)


def events_counted(connection: Connection, query: EventCounts) -> list[EventCount]:
    """Events counted, the most frequent first; spans in their order, empty ones left out."""
    counts: dict[str, EventCount] = {}
    for occurred, name, resource_id, label in _told(connection, query.wanted):
        if query.by == "time":
            value = str((occurred - query.start) // query.step)
            label = value
        else:
            value = name if query.by == "event" else resource_id
            label = name if query.by == "event" else label or resource_id
        before = counts.get(value)
        counts[value] = EventCount(
            value=value,
            label=label,
            count=1 if before is None else before.count + 1,
            start_time=occurred if before is None else min(before.start_time, occurred),
            end_time=occurred if before is None else max(before.end_time, occurred),
        )
    if query.by == "time":
        return sorted(counts.values(), key=lambda each: int(each.value))
    return sorted(counts.values(), key=lambda each: (-each.count, each.value))


def _told(
    connection: Connection, wanted: EventFilter
) -> Iterator[tuple[datetime, str, str, str | None]]:
    """When each event occurred, its name, and its resource's id and name."""
    if wanted.looks_within:
        for event in _allowed(connection, wanted):
            resource = event.resource
            id, name = (resource.get(f"prefect.resource.{each}") for each in ("id", "name"))
            yield event.occurred, event.event, id or "", name
        return
    for row in connection.execute(_ordered(wanted).execution_options(yield_per=READ_MAX)):
        yield row.occurred, row.name, row.resource_id, row.resource_name


def _allowed(connection: Connection, wanted: EventFilter) -> Iterator[Event]:
    """The events that *wanted* allows, in its order; of each resource one, if it says so."""
    is_distinct = wanted.resource is not None and wanted.resource.distinct
    seen: set[str | None] = set()
    rows = connection.execute(_ordered(wanted).execution_options(yield_per=READ_MAX))
    for some in rows.partitions():
        for event in told(connection, some):
            id = event.resource.get("prefect.resource.id")
            if wanted.allows(event) and not (is_distinct and id in seen):
                seen.add(id)
                yield event


def _ordered(wanted: EventFilter) -> CompoundSelect[Any]:
    """All events that SQL says are wanted, of every source, in the order asked for."""
    order = asc if wanted.order == "ASC" else desc
    query = union_all(*(source.select(wanted) for source in SOURCES))
    return query.order_by(order("occurred"), order("id"))
