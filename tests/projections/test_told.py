"""The view of events holds what was told, each event once, as far back as events are kept."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec import json
from sqlalchemy import select

from events.log import START
from events.queries.told import EventCounts, EventQuery
from events.told.event import RESOURCE_ID, RESOURCE_NAME, RESOURCE_ROLE, Event
from events.told.filters import (
    EventFilter,
    IdFilter,
    NameFilter,
    OccurredFilter,
    ResourceFilter,
)
from projections.reads import ViewsAbsent
from projections.told import ToldWorker, events
from tests.support.examples import MINUTE, NOON
from tests.support.long_texts import long_text
from tests.support.rows import Database
from tests.support.telling import an_id

NewDatabase = Callable[[], Database]
DAY = timedelta(days=1)


class Source:
    """What was told, as far as it may be read; its reader is away as often as it is said."""

    def __init__(self, *bodies: bytes, away: int = 0) -> None:
        self.bodies = list(bodies)
        self.away = away

    async def read(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        if self.away:
            self.away -= 1
            raise OSError("gone")
        place = int(after.partition("-")[0])
        rows = [(f"{n}-0", body) for n, body in enumerate(self.bodies, start=1)]
        found = rows[place : place + limit]
        if not found:
            await asyncio.sleep(0.001)
        return found


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> Any:
        return self.at


def told(n: int, name: str = "a", **fields: Any) -> bytes:
    """An event of *n* minutes past noon."""
    occurred = NOON + n * MINUTE
    given: dict[str, Any] = {
        "id": an_id(n),
        "occurred": occurred,
        "received": occurred,
        "event": name,
        "resource": {RESOURCE_ID: f"thing.{n % 2}"},
    }
    return json.encode(Event(**(given | fields)))


def worker(source: Source, database: Database, hand: Hand) -> ToldWorker:
    async def rest(_: float) -> None:
        await asyncio.sleep(0)

    return ToldWorker(source, database.store, hand.now, DAY, sleep=rest)


async def copied(
    database: Database, *bodies: bytes, away: int = 0, hand: Hand | None = None
) -> None:
    """Copy all that was told into the view."""
    database.prepare()
    source = Source(*bodies, away=away)
    running = asyncio.create_task(worker(source, database, hand or Hand()).run())
    async with asyncio.timeout(20):
        while True:
            await asyncio.sleep(0.005)
            assert not running.done()
            if source.away == 0 and await reached(database) == len(bodies):
                break
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def reached(database: Database) -> int:
    try:
        return int((await database.views.told()).partition("-")[0])
    except ViewsAbsent:
        return -1


def ids(database: Database) -> list[int]:
    with database.engine.connect() as connection:
        found = list(connection.scalars(select(events.c.id).order_by(events.c.id)))
    return [next(n for n in range(20) if an_id(n) == id) for id in found]


@pytest.mark.anyio
async def test_an_event_is_there_once_however_often_it_was_told(
    new_database: NewDatabase,
) -> None:
    database = new_database()
    await copied(database, told(1), told(2), told(1), away=2)
    assert ids(database) == [1, 2]
    await copied(database, told(1), told(2), told(1), told(3))
    assert ids(database) == [1, 2, 3]


@pytest.mark.anyio
async def test_what_is_no_event_is_passed_over(new_database: NewDatabase) -> None:
    database = new_database()
    await copied(database, b"{}", told(1, id=None), b"\xff", told(2, received=None))
    assert ids(database) == [2]


@pytest.mark.anyio
async def test_events_are_kept_as_long_as_is_said(new_database: NewDatabase) -> None:
    database, hand = new_database(), Hand()
    await copied(database, told(1), told(5), hand=hand)
    hand.at = NOON + DAY + 3 * MINUTE
    await copied(database, told(1), told(5), told(6), hand=hand)
    assert ids(database) == [5, 6]


@pytest.mark.anyio
async def test_old_events_are_forgotten_while_nothing_is_told(new_database: NewDatabase) -> None:
    database, hand = new_database(), Hand()
    await copied(database, told(1), hand=hand)
    hand.at = NOON + 2 * DAY
    assert await worker(Source(told(1)), database, hand).step("1-0") == "1-0"
    assert ids(database) == []


@pytest.mark.anyio
async def test_events_are_found_as_the_filter_says(new_database: NewDatabase) -> None:
    database = new_database()
    related = [{RESOURCE_ID: "flow.1", RESOURCE_ROLE: "flow"}]
    await copied(
        database,
        told(1, "x.a"),
        told(2, "x.b\0", related=related),
        told(3, "y.a", related=related),
        told(4, "Y.c", resource={RESOURCE_ID: "thing.0", RESOURCE_NAME: "zero"}),
    )

    async def found(limit: int = 9, offset: int = 0, **wanted: Any) -> list[int]:
        filter = EventFilter(**wanted)
        page = await database.views.events(EventQuery(wanted=filter, limit=limit, offset=offset))
        assert page.total >= len(page.events)
        return [next(n for n in range(9) if an_id(n) == each.id) for each in page.events]

    assert await found() == [4, 3, 2, 1]
    assert await found(order="ASC", limit=2, offset=1) == [2, 3]
    span = OccurredFilter(since=NOON + 2 * MINUTE, until=NOON + 3 * MINUTE)
    assert await found(occurred=span) == [3, 2]
    assert await found(event=NameFilter(prefix=["x.", "y."])) == [3, 2, 1]
    assert await found(event=NameFilter(exclude_prefix=["x.", "y."])) == [4]
    assert await found(event=NameFilter(name=["x.a", "y.a"])) == [3, 1]
    assert await found(event=NameFilter(exclude_name=["x.a", "y.a"])) == [4, 2]
    assert await found(resource=ResourceFilter(id=["thing.1"])) == [3, 1]
    assert await found(resource=ResourceFilter(id_prefix=["thing.0", "no"])) == [4, 2]
    assert await found(id=IdFilter(id=[an_id(2), an_id(9)])) == [2]
    of_flow = ResourceFilter(id=["flow.1"])
    assert await found(related=of_flow) == [3, 2]
    assert await found(related=of_flow, limit=1, offset=1) == [2]
    assert await found(any_resource=of_flow, event=NameFilter(prefix=["y"])) == [3]
    assert await found(resource=ResourceFilter(distinct=True)) == [4, 3]


@pytest.mark.anyio
@pytest.mark.parametrize("related", [None, ResourceFilter(role=["flow"])])
async def test_events_are_counted(
    new_database: NewDatabase, related: ResourceFilter | None
) -> None:
    database = new_database()
    flow = [{RESOURCE_ID: "flow.1", RESOURCE_ROLE: "flow"}]
    zero = {RESOURCE_ID: "thing.0", RESOURCE_NAME: "zero"}
    await copied(
        database,
        told(1, "x", related=flow),
        told(4, "y", related=flow, resource=zero),
        told(5, "x", related=flow),
        told(6, "x", related=flow, resource=zero | {RESOURCE_NAME: "nought"}),
    )

    async def counted(by: Any, order: Any = None) -> list[tuple[str, str, int]]:
        wanted = EventFilter(related=related, order=order)
        query = EventCounts(wanted=wanted, by=by, start=NOON, step=2 * MINUTE)
        found = await database.views.count_events(query)
        assert all(each.start_time <= each.end_time for each in found)
        return [(each.value, each.label, each.count) for each in found]

    assert await counted("event") == [("x", "x", 3), ("y", "y", 1)]
    assert await counted("resource") == [("thing.0", "zero", 2), ("thing.1", "thing.1", 2)]
    assert (await counted("resource", "ASC"))[0] == ("thing.0", "nought", 2)
    assert await counted("time") == [("0", "0", 1), ("2", "2", 2), ("3", "3", 1)]


@pytest.mark.anyio
async def test_events_of_long_names_are_told_apart(new_database: NewDatabase) -> None:
    long = long_text(1)
    database = new_database()
    await copied(
        database,
        *(told(n, long + end, resource={RESOURCE_ID: long + end}) for n, end in enumerate("ab")),
    )
    by_name = NameFilter(name=[long + "a"]), NameFilter(prefix=[long + "a", long[:-1] + "!"])
    filters = [EventFilter(event=name) for name in by_name]
    filters += [EventFilter(resource=ResourceFilter(id=[long + "a"]))]
    filters += [EventFilter(resource=ResourceFilter(id_prefix=[long + "a"]))]
    for filter in filters:
        found = await database.views.events(EventQuery(wanted=filter, limit=9))
        assert [event.id for event in found.events] == [an_id(0)], filter


@pytest.mark.anyio
async def test_a_view_that_nothing_was_told_to_is_at_the_start(new_database: NewDatabase) -> None:
    database = new_database()
    await copied(database)
    assert await database.views.told() == START
