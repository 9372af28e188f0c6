"""The dates of a schedule: instants in UTC, ascending, none twice.

Cron and recurrence rules speak of what a clock on the wall shows. Where that clock is put
forward, a time that it never shows is the instant as long after the change; where it is put back,
a time that it shows twice is the first of the two. A time of an interval is elapsed time, but
its whole days are days on the wall.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import count, takewhile
from typing import Any, assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter
from croniter.croniter import CroniterError
from dateutil.rrule import DAILY, HOURLY, MINUTELY, SECONDLY, rrule, rrulestr

from events.resources.schedules import CronSchedule, IntervalSchedule, RRuleSchedule, Schedule

ANCHOR = datetime(2020, 1, 1)  # noqa: DTZ001 - a wall has no zone
"""Where a recurrence rule begins that does not say so; on the wall of its time zone."""

CRON_YEARS = 50
"""The longest that a cron expression may be without a date before it is taken to have none."""

DAY = timedelta(days=1)

BEFORE = timedelta(hours=3)
"""More than any clock was ever put back by: what it shows then may come again."""

STEADY = (DAILY, HOURLY, MINUTELY, SECONDLY)


_zones = re.compile(r";TZID=[^:;]*")
"""A rule's own time zones, which count for nothing: it is read on the wall of the schedule's."""


class ScheduleInvalid(ValueError):
    """The schedule names no dates; the message says which part of it is wrong."""


def check(schedule: Schedule) -> None:
    """ScheduleInvalid when *schedule* cannot be read."""
    _zone(schedule.timezone)
    match schedule:
        case CronSchedule():
            _cron(schedule, ANCHOR)
        case IntervalSchedule(interval=seconds):
            if seconds <= 0:
                raise ScheduleInvalid("the interval must be positive")
        case RRuleSchedule():
            _rule(schedule)
        case _:
            assert_never(schedule)


def dates(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """The dates of *schedule* from *start* to *end*, both included. ScheduleInvalid."""
    check(schedule)
    last: datetime | None = None
    for date in takewhile(lambda date: date <= end, _dates(schedule, start, end)):
        if date >= start and (last is None or date > last):
            yield date
            last = date


def _dates(schedule: Schedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """Dates in order from *start* or a little before it on, perhaps some of them twice."""
    zone = _zone(schedule.timezone)
    match schedule:
        case CronSchedule():
            walls = _cron_walls(schedule, _wall(start, zone))
        case IntervalSchedule():
            return _steps(schedule, start, zone)
        case RRuleSchedule():
            walls = _rule_walls(schedule, _wall(start, zone), _wall(end, zone))
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


def _cron(schedule: CronSchedule, start: datetime) -> Any:
    try:
        return croniter(
            schedule.cron,
            start,
            ret_type=datetime,
            day_or=schedule.day_or,
            max_years_between_matches=CRON_YEARS,
        )
    except (CroniterError, ValueError, KeyError, AttributeError) as error:
        raise ScheduleInvalid(f"{schedule.cron!r} is no cron expression: {error}") from error


def _cron_walls(schedule: CronSchedule, start: datetime) -> Iterator[datetime]:
    times = _cron(schedule, start - BEFORE)
    while True:
        try:
            yield times.get_next(datetime)
        except CroniterError:
            return


def _steps(schedule: IntervalSchedule, start: datetime, zone: tzinfo) -> Iterator[datetime]:
    step = timedelta(seconds=schedule.interval)
    before = (start - schedule.anchor_date) // step - 1
    if step % DAY:
        return (schedule.anchor_date + number * step for number in count(before))
    anchor = _wall(schedule.anchor_date, zone)
    return (_instant(anchor + number * step, zone) for number in count(before))


def _rule(schedule: RRuleSchedule) -> Any:
    try:
        return rrulestr(_zones.sub("", schedule.rrule), dtstart=ANCHOR, ignoretz=True)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScheduleInvalid(f"{schedule.rrule!r} is no recurrence rule: {error}") from error


def _rule_walls(schedule: RRuleSchedule, start: datetime, end: datetime) -> Iterator[datetime]:
    rule = _rule(schedule)
    if isinstance(rule, rrule):
        rule = _bounded(rule, start - BEFORE, end + BEFORE)
    return iter(rule.xafter(start - BEFORE, inc=True))


def _bounded(rule: Any, start: datetime, end: datetime) -> Any:
    """*rule*, which need not be asked for the years before *start* or after *end*."""
    changed: dict[str, Any] = {}
    if rule._until is None or rule._until > end:
        changed["until"] = end
    if rule._count is None and rule._freq in STEADY and rule._dtstart < start:
        # as many days as the rule repeats after: its dates stay what they are
        days = rule._interval
        changed["dtstart"] = rule._dtstart + (start - rule._dtstart) // (days * DAY) * days * DAY
    return rule.replace(**changed) if rule._count is None else rule
