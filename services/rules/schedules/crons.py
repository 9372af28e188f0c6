"""What the wall shows when a cron expression says so."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from croniter import croniter
from croniter.croniter import CroniterError

from events.resources.schedules import CronSchedule

from .walls import ANCHOR, BEFORE, ScheduleInvalid

CRON_YEARS = 50
"""The longest that a cron expression may be without a date before it is taken to have none."""

_drawn = re.compile(r"(?:^|[\s,])[hr](?=$|[\s,(/])", re.IGNORECASE)
"""A value that is drawn or hashed: `R`, `H(0-5)`; each reading of it would give other dates."""


def check(schedule: CronSchedule) -> None:
    """ScheduleInvalid when its expression is none, or says no times of its own."""
    if _drawn.search(schedule.cron):
        raise ScheduleInvalid(f"random and hashed expressions are unsupported: {schedule.cron!r}")
    _times(schedule, ANCHOR)


def walls(schedule: CronSchedule, start: datetime) -> Iterator[datetime]:
    """In order, from a little before *start* on."""
    times = _times(schedule, start - BEFORE)
    while True:
        try:
            yield times.get_next(datetime)
        except CroniterError:
            return


def _times(schedule: CronSchedule, start: datetime) -> Any:
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
