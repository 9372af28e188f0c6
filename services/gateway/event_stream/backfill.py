"""Backfill: events of the last minutes from the log, oldest first, page by page."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

from events.instants import millis_of
from events.log import Entry, Head
from events.told.event import frame_of
from events.told.filters import EventFilter

from ..context import Context


async def backfill(
    context: Context, wanted: EventFilter, heads: Mapping[int, Head]
) -> AsyncIterator[str]:
    """Frames of the events that *wanted* allows, up to *heads*, in the order of their decisions."""
    since_ms = millis_of(_since(context, wanted))
    pages = {
        each: _entries(context, each, since_ms, head)
        for each, head in heads.items()
        if each != context.streams.control
    }
    waiting: dict[int, Entry] = {}
    for partition, entries in pages.items():
        first = await anext(entries, None)
        if first is not None:
            waiting[partition] = first
    while waiting:
        partition = min(waiting, key=lambda each: waiting[each].time_ms)
        event = await context.feed.event_in(partition, waiting[partition], wanted.allows_name)
        if event is not None and wanted.allows(event):
            yield frame_of(event)
        following = await anext(pages[partition], None)
        if following is None:
            del waiting[partition]
        else:
            waiting[partition] = following


def _since(context: Context, wanted: EventFilter) -> datetime:
    earliest = context.now() - timedelta(seconds=context.limits.backfill_s)
    asked = None if wanted.occurred is None else wanted.occurred.since
    return earliest if asked is None else max(earliest, asked)


async def _entries(
    context: Context, partition: int, since_ms: int, head: Head
) -> AsyncIterator[Entry]:
    if head.time_ms < since_ms:
        return
    page = await context.log.since(partition, since_ms, context.limits.backfill_page)
    while page:
        for entry in page:
            if int(entry.entry_id.rpartition("-")[2]) > head.position:
                return
            yield entry
        page = await context.log.entries(partition, page[-1].entry_id, context.limits.backfill_page)
