"""Backfill: events of the last minutes, decided and told, oldest first, page by page."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import NamedTuple

from events.instants import millis_of
from events.log import Entry, time_ms
from events.told.event import Event, frame_of
from events.told.filters import EventFilter

from ..context import Context
from ..writes import place
from .tail import Ends
from .told import TOLD, event_told


class _Happened(NamedTuple):
    """What is at one place of a stream: an event, or nothing that was asked for."""

    time_ms: int
    event: Event | None


async def backfill(context: Context, wanted: EventFilter, ends: Ends) -> AsyncIterator[str]:
    """Frames of the events that *wanted* allows, up to *ends*, in the order in which they came."""
    since_ms = millis_of(_since(context, wanted))
    streams = {
        stream: _told(context, since_ms, end)
        if stream == TOLD
        else _decided(context, wanted, stream, since_ms, end)
        for stream, end in ends.items()
        if stream != context.streams.control and time_ms(end) >= since_ms
    }
    waiting: dict[int, _Happened] = {}
    for stream, found in streams.items():
        first = await anext(found, None)
        if first is not None:
            waiting[stream] = first
    while waiting:
        stream = min(waiting, key=lambda each: waiting[each].time_ms)
        event = waiting[stream].event
        if event is not None and wanted.allows(event):
            yield frame_of(event)
        following = await anext(streams[stream], None)
        if following is None:
            del waiting[stream]
        else:
            waiting[stream] = following


def _since(context: Context, wanted: EventFilter) -> datetime:
    earliest = context.now() - timedelta(seconds=context.limits.backfill_s)
    asked = None if wanted.occurred is None else wanted.occurred.since
    return earliest if asked is None else max(earliest, asked)


async def _told(context: Context, since_ms: int, end: str) -> AsyncIterator[_Happened]:
    cursor = f"{since_ms - 1}-0"
    while page := await context.told.between(cursor, end, context.limits.backfill_page):
        for entry_id, body in page:
            yield _Happened(time_ms(entry_id), event_told(body))
        cursor = page[-1][0]


async def _decided(
    context: Context, wanted: EventFilter, partition: int, since_ms: int, end: str
) -> AsyncIterator[_Happened]:
    async for entry in _entries(context, partition, since_ms, end):
        event = await context.feed.event_in(partition, entry, wanted.allows_name)
        yield _Happened(entry.time_ms, event)


async def _entries(
    context: Context, partition: int, since_ms: int, end: str
) -> AsyncIterator[Entry]:
    page = await context.log.since(partition, since_ms, context.limits.backfill_page)
    while page:
        for entry in page:
            if place(entry.entry_id) > place(end):
                return
            yield entry
        page = await context.log.entries(partition, page[-1].entry_id, context.limits.backfill_page)
