"""What the wall shows when a recurrence rule says so."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dateutil.rrule import DAILY, HOURLY, MINUTELY, SECONDLY, rrule, rrulestr

from events.resources.schedules import RRuleSchedule

from .walls import ANCHOR, BEFORE, DAY, ScheduleInvalid

STEADY = (DAILY, HOURLY, MINUTELY, SECONDLY)

_zones = re.compile(r";TZID=[^:;]*")
"""A rule's own time zones, which count for nothing: it is read on the wall of the schedule's."""


_interval = re.compile(r"\bINTERVAL=([+-]?\d+)", re.IGNORECASE)


def check(schedule: RRuleSchedule) -> None:
    """ScheduleInvalid when its rule is none."""
    _rule(schedule)


def walls(schedule: RRuleSchedule, start: datetime, end: datetime) -> Iterator[datetime]:
    """In order, from a little before *start* until a little after *end* at least."""
    rule, first, last = _rule(schedule), start - BEFORE, end + BEFORE
    if isinstance(rule, rrule):
        rule = _bounded(rule, first, last)
    else:  # a set, of what adds dates and of what takes them away
        rule._rrule = [_bounded(each, first, last) for each in rule._rrule]
        rule._exrule = [_bounded(each, first, last) for each in rule._exrule]
    return iter(rule.xafter(start - BEFORE, inc=True))


def _rule(schedule: RRuleSchedule) -> Any:
    steps = map(int, _interval.findall(schedule.rrule))
    if any(step < 1 for step in steps):  # dateutil takes it, and then steps for ever, or back
        raise ScheduleInvalid(f"the INTERVAL of {schedule.rrule!r} must be positive")
    try:
        return rrulestr(_zones.sub("", schedule.rrule), dtstart=ANCHOR, ignoretz=True)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScheduleInvalid(f"{schedule.rrule!r} is no recurrence rule: {error}") from error


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
