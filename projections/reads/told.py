"""What was told: the view narrows as far as SQL can say, the filter looks at what is left."""

from collections.abc import Iterator
from datetime import datetime
from typing import TypeVarTuple

from msgspec import json
from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from events.queries.told import EventCount, EventCounts, EventQuery, EventsFound
from events.told.event import Event
from events.told.filters import EventFilter, NameFilter

from ..told import events
from .criteria import Condition, Conditions

READ_MAX = 500
"""Rows that are looked at together."""

Columns = TypeVarTuple("Columns")

LAST = "\U0010ffff"
"""After every character that a text has."""

_events = json.Decoder(Event)


def events_found(connection: Connection, query: EventQuery) -> EventsFound:
    """A page of events, and how many there are."""
    wanted, c = query.wanted, events.c
    if not wanted.looks_within:
        conditions = _conditions(wanted)
        total = connection.scalar(select(func.count()).select_from(events).where(*conditions))
        page = _ordered(wanted, select(c.body)).limit(query.limit).offset(query.offset)
        found = [_events.decode(body) for body in connection.scalars(page)]
        return EventsFound(found, total or 0)
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
    c = events.c
    if wanted.looks_within:
        for event in _allowed(connection, wanted):
            resource = event.resource
            id, name = (resource.get(f"prefect.resource.{each}") for each in ("id", "name"))
            yield event.occurred, event.event, id or "", name
        return
    query = _ordered(wanted, select(c.occurred, c.name, c.resource_id, c.resource_name))
    for row in connection.execute(query.execution_options(yield_per=READ_MAX)):
        yield row.occurred, row.name, row.resource_id, row.resource_name


def _allowed(connection: Connection, wanted: EventFilter) -> Iterator[Event]:
    """The events that *wanted* allows, in its order; of each resource one, if it says so."""
    is_distinct = wanted.resource is not None and wanted.resource.distinct
    seen: set[str | None] = set()
    query = _ordered(wanted, select(events.c.body)).execution_options(yield_per=READ_MAX)
    for body in connection.scalars(query):
        event = _events.decode(body)
        if not wanted.allows(event):
            continue
        id = event.resource.get("prefect.resource.id")
        if is_distinct and id in seen:
            continue
        seen.add(id)
        yield event


def _ordered(wanted: EventFilter, query: Select[*Columns]) -> Select[*Columns]:
    c = events.c
    order = (c.occurred.asc(), c.id.asc())
    if wanted.order != "ASC":
        order = (c.occurred.desc(), c.id.desc())
    return query.where(*_conditions(wanted)).order_by(*order)


def _conditions(wanted: EventFilter) -> Conditions:
    c = events.c
    found: Conditions = [] if wanted.event is None else _named(wanted.event)
    span, own = wanted.occurred, wanted.resource
    if span is not None and span.since is not None:
        found.append(c.occurred >= span.since)
    if span is not None and span.until is not None:
        found.append(c.occurred <= span.until)
    if own is not None and own.id:
        found.append(c.resource_id.in_(own.id))
    if own is not None and own.id_prefix:
        found.append(or_(*(_begins(c.resource_id, each) for each in own.id_prefix)))
    if wanted.id is not None and wanted.id.id:
        found.append(c.id.in_(wanted.id.id))
    return found


def _named(name: NameFilter) -> Conditions:
    c = events.c
    found: Conditions = []
    if name.prefix:
        found.append(or_(*(_begins(c.name, each) for each in name.prefix)))
    for each in name.exclude_prefix or ():
        found.append(~_begins(c.name, each))
    if name.name:
        found.append(c.name.in_(name.name))
    if name.exclude_name:
        found.append(c.name.not_in(name.exclude_name))
    return found


def _begins(column: ColumnElement[str], text: str) -> Condition:
    """*column* begins with *text*, its case included; `LIKE` would not ask for that in SQLite."""
    return and_(column >= text, column < text + LAST)
