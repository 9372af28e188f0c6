"""Schedules: when a deployment is to run by itself."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from ..instants import EPOCH, Instant


class CronSchedule(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="cron"):
    """Whenever the clock of *timezone* (UTC when absent) matches *cron*.

    *day_or*: a day need match only one of the day of the month and the day of the week.
    """

    cron: str
    timezone: str | None = None
    day_or: bool = True


class IntervalSchedule(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="interval"):
    """Every *interval* seconds before and after *anchor_date*; days are days of *timezone*."""

    interval: float
    anchor_date: Instant
    timezone: str | None = None


class RRuleSchedule(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="rrule"):
    """Whenever the recurrence rule *rrule* (RFC 5545) says, on the clock of *timezone*."""

    rrule: str
    timezone: str | None = None


Schedule = CronSchedule | IntervalSchedule | RRuleSchedule


class DeploymentSchedule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A schedule of a deployment; its *parameters* go before the deployment's."""

    id: UUID
    created: Instant = EPOCH
    updated: Instant = EPOCH
    schedule: Schedule
    active: bool = True
    max_scheduled_runs: int | None = None
    parameters: dict[str, Any] = {}
    slug: str | None = None
