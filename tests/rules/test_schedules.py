"""The dates of schedules, and how many of them are planned; across changes of the clock."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import pytest
from msgspec import structs

from events.identity import flow_run_id_of
from events.resources.deployments import Deployment
from events.resources.schedules import (
    CronSchedule,
    DeploymentSchedule,
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
)
from events.states import StateType
from services.rules.schedules import (
    Limits,
    ScheduleInvalid,
    check,
    dates,
    limited,
    plan,
    print_of,
    run_on,
)
from tests.support.examples import DEPLOYMENT, FLOW, HOUR, MINUTE, NOON, SECOND

YEARS = timedelta(days=4_000)
NEW_YORK = "America/New_York"
SCHEDULE = UUID(int=5)
LIMITS = Limits()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first(schedule: Schedule, start: str, count: int = 4) -> list[str]:
    """The next dates in UTC, as a person writes them."""
    begin = utc(start)
    found = islice(dates(schedule, begin, begin + YEARS), count)
    return [f"{date:%m-%d %H:%M}" for date in found]


DAILY_AT_NINE = "DTSTART:20260301T090000\nRRULE:FREQ=DAILY"

FORWARD = "2026-03-08T05:30"
"""New York puts its clocks forward an hour and a half later: 2:00 is 3:00."""

BACK = "2026-11-01T04:30"
"""And back: 2:00 is 1:00 again."""


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        ("0 * * * *", FORWARD, ["03-08 06:00", "03-08 07:00", "03-08 08:00", "03-08 09:00"]),
        ("0 * * * *", BACK, ["11-01 05:00", "11-01 07:00", "11-01 08:00", "11-01 09:00"]),
        ("30 2 * * *", FORWARD, ["03-08 07:30", "03-09 06:30", "03-10 06:30", "03-11 06:30"]),
        ("30 1 * * *", BACK, ["11-01 05:30", "11-02 06:30", "11-03 06:30", "11-04 06:30"]),
        ("0 9 * * *", FORWARD, ["03-08 13:00", "03-09 13:00", "03-10 13:00", "03-11 13:00"]),
        ("0 9 29 2 *", BACK, ["02-29 14:00", "02-29 14:00"]),
        ("@weekly", BACK, ["11-08 05:00", "11-15 05:00", "11-22 05:00", "11-29 05:00"]),
    ],
)
def test_a_cron_schedule_goes_by_the_clock_on_the_wall(
    cron: str, start: str, expected: list[str]
) -> None:
    schedule = CronSchedule(cron=cron, timezone=NEW_YORK)
    assert first(schedule, start, len(expected)) == expected


def test_names_of_days_and_months_are_no_random_values() -> None:
    schedule = CronSchedule(cron="0 0 * MAR,APR THU,FRI")
    assert first(schedule, "2026-11-20", 2) == ["03-04 00:00", "03-05 00:00"]


def test_a_day_matches_one_of_two_days_or_both() -> None:
    either = CronSchedule(cron="0 0 1 * 1")
    both = CronSchedule(cron="0 0 1 * 1", day_or=False)
    assert first(either, "2026-11-20", 3) == ["11-23 00:00", "11-30 00:00", "12-01 00:00"]
    assert first(both, "2026-11-20", 1) == ["02-01 00:00"]


@pytest.mark.parametrize(
    ("seconds", "start", "expected"),
    [
        (86_400, "2026-03-06T17:00", ["03-07 14:00", "03-08 13:00", "03-09 13:00"]),
        (86_400, "2026-10-31T12:00", ["10-31 13:00", "11-01 14:00", "11-02 14:00"]),
        (7 * 86_400, "2026-03-01T00:00", ["03-05 14:00", "03-12 13:00", "03-19 13:00"]),
        (3_600, BACK, ["11-01 05:00", "11-01 06:00", "11-01 07:00"]),
        (3_600, FORWARD, ["03-08 06:00", "03-08 07:00", "03-08 08:00"]),
        (90_000, "2026-01-01T14:00", ["01-01 14:00", "01-02 15:00", "01-03 16:00"]),
    ],
)
def test_days_of_an_interval_are_days_on_the_wall_and_hours_are_elapsed(
    seconds: int, start: str, expected: list[str]
) -> None:
    anchor = utc("2026-01-01T14:00")
    schedule = IntervalSchedule(interval=seconds, anchor_date=anchor, timezone=NEW_YORK)
    assert first(schedule, start, 3) == expected


def test_an_interval_goes_on_before_its_anchor() -> None:
    schedule = IntervalSchedule(interval=600, anchor_date=utc("2030-01-01T00:05"))
    assert first(schedule, "2026-11-20T12:00", 2) == ["11-20 12:05", "11-20 12:15"]


@pytest.mark.parametrize(
    ("rule", "start", "expected"),
    [
        ("FREQ=HOURLY;INTERVAL=5", "2026-11-20T12:00", ["11-20 15:00", "11-20 20:00"]),
        ("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", FORWARD, ["03-08 07:30", "03-09 06:30"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE", BACK, ["11-02 05:00", "11-04 05:00"]),
        ("FREQ=MINUTELY", "2026-11-20T12:00:30", ["11-20 12:01", "11-20 12:02"]),
        (DAILY_AT_NINE + ";COUNT=9", FORWARD, ["03-08 13:00", "03-09 13:00"]),
        (DAILY_AT_NINE + ";UNTIL=20260308T100000", FORWARD, ["03-08 13:00"]),
        ("DTSTART;TZID=Asia/Tokyo:20260301T090000\nRRULE:FREQ=DAILY", FORWARD, ["03-08 13:00"]),
        ("RRULE:FREQ=DAILY\nEXDATE:20260309T000000", FORWARD, ["03-10 04:00"]),
        ("DTSTART:20270101T000000\nRRULE:FREQ=DAILY", BACK, ["01-01 05:00"]),
        # not looked through from where they begin, years ago
        ("RRULE:FREQ=SECONDLY;BYSECOND=0\nEXDATE:20260308T003000", FORWARD, ["03-08 05:31"]),
        ("RRULE:FREQ=MINUTELY\nEXRULE:FREQ=SECONDLY;INTERVAL=120", FORWARD, ["03-08 05:31"]),
    ],
)  # fmt: skip
def test_a_recurrence_rule_goes_by_the_clock_on_the_wall(
    rule: str, start: str, expected: list[str]
) -> None:
    schedule = RRuleSchedule(rrule=rule, timezone=NEW_YORK)
    assert first(schedule, start, len(expected)) == expected


def test_both_ends_are_included() -> None:
    schedule = CronSchedule(cron="0 * * * *")
    begin = utc("2026-11-20T12:00")
    assert list(dates(schedule, begin, begin + HOUR)) == [begin, begin + HOUR]
    assert list(dates(schedule, begin + SECOND / 2, begin + HOUR)) == [begin + HOUR]


@pytest.mark.parametrize(
    ("schedule", "why"),
    [
        (CronSchedule(cron="whenever"), "'whenever' is no cron expression"),
        (CronSchedule(cron="R R * * *"), "random and hashed expressions are unsupported"),
        (CronSchedule(cron="0 0,r * * *"), "random and hashed expressions are unsupported"),
        (CronSchedule(cron="R(0-5)/2 * * * *"), "random and hashed expressions are unsupported"),
        (CronSchedule(cron="H * * * *"), "random and hashed expressions are unsupported"),
        (CronSchedule(cron="0 0 * * *", timezone="Mars/Base"), "no time zone 'Mars/Base'"),
        (CronSchedule(cron="0 0 * * *", timezone="../etc/passwd"), "no time zone"),
        (IntervalSchedule(interval=0, anchor_date=NOON), "must be positive"),
        (RRuleSchedule(rrule="FREQ=SOMETIMES"), "no recurrence rule"),
        (RRuleSchedule(rrule=""), "no recurrence rule"),
        (RRuleSchedule(rrule="FREQ=WEEKLY;INTERVAL=0"), "must be positive"),
        (RRuleSchedule(rrule="FREQ=YEARLY;interval=-1;COUNT=3"), "must be positive"),
    ],
)
def test_a_schedule_that_cannot_be_read_says_why(schedule: Schedule, why: str) -> None:
    with pytest.raises(ScheduleInvalid, match=why):
        check(schedule)


LAST_DAY = RRuleSchedule(rrule="DTSTART:99991231T235959\nRRULE:FREQ=WEEKLY;BYYEARDAY=1")
"""It can be read, and has no dates: they are not in the calendar."""


def test_dates_beyond_the_calendar_are_told_as_such() -> None:
    check(LAST_DAY)
    with pytest.raises(ScheduleInvalid, match="its dates cannot be found"):
        first(LAST_DAY, "2026-11-20", 1)


def test_a_day_that_never_comes_is_no_date() -> None:
    assert first(CronSchedule(cron="0 0 30 2 *"), "2026-11-20", 1) == []


def planned(schedule: Schedule, limits: Limits = LIMITS) -> tuple[int, timedelta, timedelta]:
    """How many dates are planned, how far they reach, and after how long to plan again."""
    made = plan(schedule, NOON, limits)
    reach = made.dates[-1] - NOON if made.dates else timedelta()
    return len(made.dates), reach, made.again - NOON


def every(step: timedelta) -> IntervalSchedule:
    return IntervalSchedule(interval=step.total_seconds(), anchor_date=NOON)


JUST = timedelta(milliseconds=1)


def test_at_least_three_runs_are_planned() -> None:
    assert planned(every(24 * HOUR)) == (3, 48 * HOUR, SECOND)
    tomorrow = IntervalSchedule(interval=86_400, anchor_date=NOON + 12 * HOUR)
    assert planned(tomorrow) == (3, 60 * HOUR, 12 * HOUR + JUST)


def test_at_least_an_hour_is_planned() -> None:
    """One run more than three, so that fewer than an hour are left first."""
    assert planned(every(20 * MINUTE)) == (4, HOUR, SECOND)
    assert planned(IntervalSchedule(interval=1_200, anchor_date=NOON + MINUTE)) == (
        4, 61 * MINUTE, MINUTE + JUST,
    )  # fmt: skip


def test_at_most_a_hundred_runs_are_planned_and_half_of_them_may_pass() -> None:
    assert planned(every(SECOND)) == (100, 99 * SECOND, 50 * SECOND)


def test_at_most_a_hundred_days_are_planned() -> None:
    assert planned(every(60 * 24 * HOUR)) == (2, 60 * 24 * HOUR, HOUR)
    assert planned(CronSchedule(cron="0 0 30 2 *")) == (0, timedelta(), HOUR)


def test_a_schedule_may_be_limited_further() -> None:
    of_its_own = DeploymentSchedule(id=SCHEDULE, schedule=every(SECOND), max_scheduled_runs=10)
    assert planned(of_its_own.schedule, limited(LIMITS, of_its_own))[0] == 10
    unlimited = DeploymentSchedule(id=SCHEDULE, schedule=every(SECOND))
    assert limited(LIMITS, unlimited) == LIMITS


A_SCHEDULE = DeploymentSchedule(id=SCHEDULE, schedule=every(HOUR), parameters={"y": 3})
A_DEPLOYMENT = Deployment(
    id=DEPLOYMENT,
    flow_id=FLOW,
    name="nightly",
    version="7",
    tags=["etl"],
    labels={"team": "x"},
    parameters={"x": 1, "y": 2},
    work_queue_name="default",
    schedules=[A_SCHEDULE],
)


def test_a_run_has_what_its_deployment_and_schedule_say() -> None:
    """Spec 8.5."""
    date = utc("2026-11-20T13:00")
    run = run_on(date, A_DEPLOYMENT, A_SCHEDULE, NOON)
    key = f"scheduled {DEPLOYMENT} {SCHEDULE} 2026-11-20 13:00:00+00:00"
    assert run.idempotency_key == key
    assert run.flow_run_id == flow_run_id_of(FLOW, key)
    assert run.parameters == {"x": 1, "y": 3}
    assert run.tags == ["auto-scheduled", "etl"]
    assert run.auto_scheduled
    assert (run.deployment_id, run.deployment_version) == (DEPLOYMENT, "7")
    assert run.work_queue_name == "default"
    assert run.labels["prefect.deployment.id"] == str(DEPLOYMENT)
    assert run.state is not None
    assert (run.state.type, run.state.name) == (StateType.SCHEDULED, "Scheduled")
    assert run.state.message == "Flow run scheduled"
    assert run.state.state_details.scheduled_time == date
    assert run.created_by is not None
    assert (run.created_by.id, run.created_by.type) == (SCHEDULE, "SCHEDULE")
    assert run.created_by.display_value == "IntervalSchedule"


def test_what_changes_no_run_changes_no_print() -> None:
    before = print_of(A_DEPLOYMENT, A_SCHEDULE)
    same = structs.replace(A_DEPLOYMENT, last_polled=NOON, status="READY", revision=9)
    assert print_of(same, structs.replace(A_SCHEDULE, updated=NOON)) == before
    assert print_of(structs.replace(A_DEPLOYMENT, tags=[]), A_SCHEDULE) != before
    other = structs.replace(A_SCHEDULE, schedule=CronSchedule(cron="0 * * * *"))
    assert print_of(A_DEPLOYMENT, other) != before
