"""The dates of a schedule: instants in UTC, ascending, none twice.

Cron and recurrence rules speak of what a clock on the wall shows. Where that clock is put
forward, a time that it never shows is the instant as long after the change; where it is put back,
a time that it shows twice is the first of the two. A time of an interval is elapsed time, but
its whole days are days on the wall.

What reads the two is imported when the first of them comes: a start need not wait for it.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count, takewhile
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.resources.schedules import CronSchedule, IntervalSchedule, RRuleSchedule, Schedule

from .walls import DAY, ScheduleInvalid


def check(schedule: Schedule) -> None:
    """ScheduleInvalid when *schedule* cannot be read."""
    _zone(schedule.timezone)
    match schedule:
        case CronSchedule():
            from . import crons

            crons.check(schedule)
        case IntervalSchedule(interval=seconds):
            if seconds <= 0:
                raise ScheduleInvalid("the interval must be positive")
        case RRuleSchedule():
            from . import recurrences

            recurrences.check(schedule)
        case _:
            assert_never(schedule)


def dates(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """The dates of *schedule* from *start* to *end*, both included. ScheduleInvalid."""
    check(schedule)
    last: datetime | None = None
    try:
        for date in takewhile(lambda date: date <= end, _dates(schedule, start, end)):
            if date >= start and (last is None or date > last):
                yield date
                last = date
    except (ValueError, ArithmeticError) as error:  # beyond the calendar, mostly
        raise ScheduleInvalid(f"its dates cannot be found: {error}") from error


def _dates(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """Dates in order from *start* or a little before it on, perhaps some of them twice."""
    zone = _zone(schedule.timezone)
    match schedule:
        case CronSchedule():
            from . import crons

            walls = crons.walls(schedule, _wall(start, zone))
        case IntervalSchedule():
            return _steps(schedule, start, zone)
        case RRuleSchedule():
            from . import recurrences

            walls = recurrences.walls(schedule, _wall(start, zone), _wall(end, zone))
        case _:
            assert_never(schedule)
    return (_instant(wall, zone) for wall in walls)


def _zone(name: str | None) -> tzinfo:
    try:
        return UTC if name is None else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleInvalid(f"there is no time zone {name!r}") from error


def _wall(instant: datetime, zone: tzinfo) -> datetime:
    """What a clock in *zone* shows at *instant*."""
    return instant.astimezone(zone).replace(tzinfo=None)


def _instant(wall: datetime, zone: tzinfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _steps(schedule: IntervalSchedule, start: datetime, zone: tzinfo) -> Iterator[datetime]:
    step = timedelta(seconds=schedule.interval)
    before = (start - schedule.anchor_date) // step - 1
    if step % DAY:
        return (schedule.anchor_date + number * step for number in count(before))
    anchor = _wall(schedule.anchor_date, zone)
    return (_instant(anchor + number * step, zone) for number in count(before))
