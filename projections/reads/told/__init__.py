"""Events: SQL narrows them as far as it can, the filter looks at what is left."""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    Connection,
    asc,
    desc,
    func,
    literal,
    select,
    union_all,
)

from events.instants import MICROSECOND, micros_of
from events.queries.told import EventCount, EventCounts, EventQuery, EventsFound
from events.told.event import RESOURCE_ID, RESOURCE_NAME, Event
from events.told.filters import EventFilter

from ..estimates import micros
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
    counted = _looked_at if query.wanted.looks_within else _grouped
    found = counted(connection, query)
    if query.by == "time":
        return sorted(found, key=lambda each: int(each.value))
    return sorted(found, key=lambda each: (-each.count, each.value))


def _grouped(connection: Connection, query: EventCounts) -> Iterable[EventCount]:
    """What SQL counts; a resource has the name that comes last in the order asked for."""
    c = union_all(*(source.select(query.wanted) for source in SOURCES)).subquery().c
    if query.by == "time":
        start, step = micros_of(query.start), query.step // MICROSECOND
        value = label = (micros(c.occurred) - start) // literal(step, BigInteger)
    elif query.by == "event":
        value = label = c.name
    else:
        order = desc if query.wanted.order == "ASC" else asc
        last_first = (order(c.occurred), order(c.id))
        value = c.resource_id
        label = func.first_value(c.resource_name).over(partition_by=value, order_by=last_first)
    each = select(value.label("value"), label.label("label"), c.occurred).subquery().c
    span = (func.min(each.occurred), func.max(each.occurred))
    groups = select(each.value, each.label, func.count(), *span).group_by(each.value, each.label)
    for value, label, count, start_time, end_time in connection.execute(groups):
        yield EventCount(
            value=str(value),
            label=str(label or value),
            count=count,
            start_time=start_time,
            end_time=end_time,
        )


def _looked_at(connection: Connection, query: EventCounts) -> Iterable[EventCount]:
    """The same of those events that only a look at them finds."""
    counts: dict[str, EventCount] = {}
    for event in _allowed(connection, query.wanted):
        occurred = event.occurred
        if query.by == "time":
            value = label = str((occurred - query.start) // query.step)
        elif query.by == "event":
            value = label = event.event
        else:
            value = event.resource.get(RESOURCE_ID, "")
            label = event.resource.get(RESOURCE_NAME) or value
        before = counts.get(value)
        counts[value] = EventCount(
            value=value,
            label=label,
            count=1 if before is None else before.count + 1,
            start_time=occurred if before is None else min(before.start_time, occurred),
            end_time=occurred if before is None else max(before.end_time, occurred),
        )
    return counts.values()


def _allowed(connection: Connection, wanted: EventFilter) -> Iterator[Event]:
    """The events that *wanted* allows, in its order; of each resource one, if it says so."""
    is_distinct = wanted.resource is not None and wanted.resource.distinct
    seen: set[str | None] = set()
    rows = connection.execute(_ordered(wanted).execution_options(yield_per=READ_MAX))
    for some in rows.partitions():
        for event in told(connection, some):
            id = event.resource.get(RESOURCE_ID)
            if wanted.allows(event) and not (is_distinct and id in seen):
                seen.add(id)
                yield event


def _ordered(wanted: EventFilter) -> CompoundSelect[Any]:
    """All events that SQL says are wanted, of every source, in the order asked for."""
    order = asc if wanted.order == "ASC" else desc
    query = union_all(*(source.select(wanted) for source in SOURCES))
    return query.order_by(order("occurred"), order("id"))
