"""Events are counted: by their names, by their resources, or by spans of time."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil
from typing import Annotated, Literal

from msgspec import Meta, Struct

from events.instants import LATEST, MICROSECOND
from events.queries.told import EventCount, EventCounts
from events.told.filters import EventFilter

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, detail, invalid
from ...http.operations import Operation
from .finding import spanning

BUCKETS_MAX = 1_000

UNITS = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
}


class CountAsked(Struct, frozen=True, kw_only=True):
    """Which events, and how long the spans are in which they are counted."""

    filter: EventFilter
    time_unit: Literal["week", "day", "hour", "minute", "second"] | None = None
    time_interval: Annotated[float, Meta(ge=0.01, le=1e6)] | None = None


async def count_account_events(context: Context, call: Call) -> Reply:
    """Events counted by what the path says."""
    asked = call.as_a(CountAsked)
    by = call.path("countable")
    if by not in ("day", "time", "event", "resource"):
        raise invalid(
            "Input should be 'day', 'time', 'event' or 'resource'", "path", "countable", kind="enum"
        )
    wanted = spanning(asked.filter, context.now())
    assert wanted.occurred is not None
    start, end = wanted.occurred.since, wanted.occurred.until
    assert start is not None
    assert end is not None
    step = timedelta(days=1)
    if by == "time":
        step = UNITS[asked.time_unit or "day"] * (asked.time_interval or 1.0)
    spans = max(ceil((end - start) / step), 0)
    if by in ("day", "time") and spans > BUCKETS_MAX:
        raise detail(
            422,
            f"The given interval would create {spans} buckets, which is too many. Please increase"
            f" the interval or reduce the time range to produce {BUCKETS_MAX} buckets or fewer.",
        )
    await context.told_is_visible()
    kind = "time" if by == "day" else by
    query = EventCounts(wanted=wanted, by=kind, start=start, step=step)
    counts = await context.views.count_events(query)
    return answered(list(_filled(counts, start, step, spans)) if kind == "time" else counts)


def _filled(
    counts: list[EventCount], start: datetime, step: timedelta, spans: int
) -> Iterator[EventCount]:
    """All spans, those without events included."""
    found = {each.value: each.count for each in counts}
    for place in range(spans):
        begins = _after(start, place * step)
        yield EventCount(
            value=str(place),
            label=begins.isoformat(),
            count=found.get(str(place), 0),
            start_time=begins,
            end_time=_after(begins, step - MICROSECOND),
        )


def _after(instant: datetime, span: timedelta) -> datetime:
    """The instant that is *span* after *instant*, or the last one that there is."""
    try:
        return instant + span
    except OverflowError:
        return LATEST


OPERATIONS = (
    Operation(method="POST", path="/events/count-by/{countable}", handler=count_account_events,
              summary="Count Account Events", tag="Events", takes=CountAsked,
              gives=list[EventCount]),
)  # fmt: skip
