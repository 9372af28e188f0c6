"""What a clock on the wall shows, in whichever zone it hangs: a datetime without one."""

from datetime import datetime, timedelta

ANCHOR = datetime(2020, 1, 1)  # noqa: DTZ001 - a wall has no zone
"""Where a recurrence rule begins that does not say so; on the wall of its time zone."""

DAY = timedelta(days=1)

BEFORE = timedelta(hours=3)
"""More than any clock was ever put back by: what it shows then may come again."""


class ScheduleInvalid(ValueError):
    """The schedule names no dates; the message says which part of it is wrong."""
