"""events: one row per event that was told, as far back as events are kept.

The worker copies the stream of what is told into the view. Rows and the place that they reach in
the stream are one transaction; an id that is there already changes nothing.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import anyio
from anyio import to_thread
from msgspec import DecodeError, json
from sqlalchemy import Column, Connection, Index, MetaData, Table, delete, select
from sqlalchemy.exc import OperationalError

from events.instants import EPOCH, Clock, micros_of
from events.log import START
from events.told.event import RESOURCE_ID, RESOURCE_NAME, Event

from .columns import NAME, TEXT, Moment, id_column, made_for, plain, plain_or_none
from .projection import Row, Sql, insert
from .store import Store

BATCH_MAX = 1_000
FORGET_EVERY = timedelta(minutes=1)
AGAIN_S = 0.5

_metadata = MetaData()
_events = json.Decoder(Event)

events = Table(
    "events",
    _metadata,
    id_column("id", is_key=True),
    Column("occurred", Moment, nullable=False),
    Column("received", Moment, nullable=False),
    Column("name", NAME, nullable=False),
    Column("resource_id", NAME, nullable=False),
    Column("resource_name", TEXT),
    Column("body", TEXT, nullable=False),
    Index("ix_events_occurred", "occurred", "id"),
    Index("ix_events_received", "received"),
    Index("ix_events_name", "name", "occurred"),
    Index("ix_events_resource_id", "resource_id", "occurred"),
)
told_places = Table(
    "told_places",
    _metadata,
    Column("view", TEXT, primary_key=True),
    Column("entry_id", TEXT, nullable=False),
)
WRITE = Sql(insert("id", "occurred", "received", "name", "resource_id", "resource_name", "body"))
PLACE = Sql(
    """
INSERT INTO {table} (view, entry_id) VALUES (:view, :entry_id)
ON CONFLICT (view) DO UPDATE SET entry_id = excluded.entry_id
"""
)

logger = logging.getLogger(__name__)


class Source(Protocol):
    """Where events are told."""

    async def read(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        """At most *limit* events after an id, oldest first; waits a while for one."""
        ...


class ToldWorker:
    """Keeps the view of events up to date; *away* are errors of a source that is not there."""

    def __init__(
        self,
        source: Source,
        store: Store,
        now: Clock,
        keep: timedelta,
        away: tuple[type[Exception], ...] = (OSError,),
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._source = source
        self._store = store
        self._now = now
        self._keep = keep
        self._away = (OperationalError, *away)
        self._sleep = sleep
        self._forgot = EPOCH
        self.trouble: str | None = "not started"

    async def run(self) -> None:
        """Follow what is told for ever."""
        while True:
            try:
                place = await to_thread.run_sync(self._begin)
                self.trouble = None
                while True:
                    place = await self.step(place)
            except self._away as error:
                self.trouble = str(error)
                logger.warning("events_waiting", extra={"because": str(error)})
                await self._sleep(AGAIN_S)

    async def step(self, place: str) -> str:
        """Copy what was told after *place*, and forget what is too old; the place reached."""
        found = await self._source.read(place, BATCH_MAX)
        is_time = self._now() - self._forgot >= FORGET_EVERY
        if found or is_time:
            await to_thread.run_sync(self._write, found, is_time)
        return found[-1][0] if found else place

    def _begin(self) -> str:
        with self._store.writing() as connection:
            for each in _metadata.sorted_tables:
                ours = made_for(connection.dialect.name, each.to_metadata(MetaData()))
                ours.create(connection, checkfirst=True)
            return place_of(connection)

    def _write(self, found: Sequence[tuple[str, bytes]], is_time: bool) -> None:
        rows = [row for _, body in found if (row := _row(body)) is not None]
        with self._store.writing() as connection:
            self._store.execute(connection, events.name, WRITE, rows)
            if found:
                at: list[Row] = [(events.name, found[-1][0])]
                self._store.execute(connection, told_places.name, PLACE, at)
            if is_time:
                self._forgot = self._now()
                oldest = self._forgot - self._keep
                connection.execute(delete(events).where(events.c.received < oldest))


def place_of(connection: Connection) -> str:
    """Where in the stream the view is."""
    query = select(told_places.c.entry_id).where(told_places.c.view == events.name)
    return connection.scalar(query) or START


def _row(body: bytes) -> Row | None:
    try:
        event = _events.decode(body)
    except (DecodeError, ValueError) as error:
        logger.warning("event_unreadable", extra={"because": str(error)})
        return None
    if event.id is None:
        return None
    received = event.received or event.occurred
    return (
        str(event.id),
        micros_of(event.occurred),
        micros_of(received),
        plain(event.event),
        plain(event.resource.get(RESOURCE_ID, "")),
        plain_or_none(event.resource.get(RESOURCE_NAME)),
        plain(body.decode()),
    )
