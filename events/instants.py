"""Instants are aware datetimes in UTC with microseconds; nothing here asks what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta

Instant = Annotated[datetime, Meta(tz=True)]
"""A point in time; a value without a zone is refused on decoding."""

Clock = Callable[[], datetime]
"""Says what time it is; given to whoever must know."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
"""All that UTC can say. What is told with another offset may lie some hours beyond."""


def micros_of(instant: datetime) -> int:
    """Whole microseconds since 1970, exact where a float would round."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def millis_of(instant: datetime) -> int:
    """Whole milliseconds since 1970, rounded down: the time part of a stream id."""
    return micros_of(instant) // 1_000


def instant_of(micros: int) -> datetime:
    """The instant *micros* microseconds after 1970, or the nearest that UTC can say."""
    try:
        return EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return LATEST if micros > 0 else EARLIEST


def seconds_between(earlier: datetime, later: datetime) -> float:
    """Seconds from *earlier* to *later*, negative when the clock went backwards."""
    return (later - earlier).total_seconds()
