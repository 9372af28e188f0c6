"""What clients send about deployments, as they send it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from events.instants import EPOCH
from events.queries.criteria import utc
from events.resources.deployments import ConcurrencyOptions
from events.resources.schedules import CronSchedule, IntervalSchedule, RRuleSchedule, Schedule

from ....rules.schedules import check
from ..bodies import Body, Labels, Name

Positive = Annotated[int, Meta(gt=0, le=2**31 - 1)]


class ScheduleBody(Body, frozen=True, kw_only=True):
    """When to run: by exactly one of *cron*, *interval* in seconds, and *rrule*."""

    cron: str | UnsetType = UNSET
    day_or: bool | UnsetType = UNSET
    interval: float | UnsetType = UNSET
    anchor_date: datetime | UnsetType = UNSET
    rrule: str | UnsetType = UNSET
    timezone: str | None = None

    def __post_init__(self) -> None:
        given = [each for each in (self.cron, self.interval, self.rrule) if each is not UNSET]
        if len(given) != 1:
            raise ValueError("a schedule has exactly one of cron, interval and rrule")
        if self.day_or is not UNSET and self.cron is UNSET:
            raise ValueError("only a cron schedule has day_or")
        if self.anchor_date is not UNSET and self.interval is UNSET:
            raise ValueError("only an interval schedule has anchor_date")
        check(self.schedule(EPOCH))

    def schedule(self, at: datetime) -> Schedule:
        """The schedule; intervals are counted from *at* unless there is an anchor."""
        if self.cron is not UNSET:
            day_or = True if self.day_or is UNSET else self.day_or
            return CronSchedule(cron=self.cron, timezone=self.timezone, day_or=day_or)
        if self.rrule is not UNSET:
            return RRuleSchedule(rrule=self.rrule, timezone=self.timezone or "UTC")
        assert self.interval is not UNSET
        anchor = at if self.anchor_date is UNSET else utc(self.anchor_date)
        return IntervalSchedule(
            interval=self.interval, anchor_date=anchor, timezone=self.timezone or "UTC"
        )


class ScheduleCreate(Body, frozen=True, kw_only=True):
    """A schedule to add; it takes the place of the one whose slug *replaces* names."""

    schedule: ScheduleBody
    active: bool = True
    max_scheduled_runs: Positive | None = None
    parameters: dict[str, Any] = {}
    slug: str | None = None
    replaces: str | None = None


class ScheduleUpdate(Body, frozen=True, kw_only=True):
    """What of a schedule to change; what is absent stays."""

    schedule: ScheduleBody | None | UnsetType = UNSET
    active: bool | None | UnsetType = UNSET
    max_scheduled_runs: Positive | None | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET
    slug: str | None | UnsetType = UNSET
    replaces: str | None = None


class _Fields(Body, frozen=True, kw_only=True):
    """What a deployment may be given, when it is made and later."""

    paused: bool | UnsetType = UNSET
    concurrency_limit: Positive | None | UnsetType = UNSET
    concurrency_options: ConcurrencyOptions | None | UnsetType = UNSET
    global_concurrency_limit_id: UUID | None | UnsetType = UNSET
    parameter_openapi_schema: dict[str, Any] | None | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    pull_steps: list[dict[str, Any]] | None | UnsetType = UNSET
    work_queue_name: str | None | UnsetType = UNSET
    work_pool_name: str | None | UnsetType = UNSET
    storage_document_id: UUID | None | UnsetType = UNSET
    infrastructure_document_id: UUID | None | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    path: str | None | UnsetType = UNSET
    version: str | None | UnsetType = UNSET
    entrypoint: str | None | UnsetType = UNSET
    version_info: dict[str, Any] | None | UnsetType = UNSET

    def __post_init__(self) -> None:
        limits = (self.concurrency_limit, self.global_concurrency_limit_id)
        if all(limit is not UNSET and limit is not None for limit in limits):
            raise ValueError(
                "A deployment cannot have both a concurrency limit and a global concurrency limit."
            )


class DeploymentCreate(_Fields, frozen=True, kw_only=True):
    """A deployment to create, or to bring up to date."""

    name: Name
    flow_id: UUID
    schedules: list[ScheduleCreate] = []
    enforce_parameter_schema: bool | UnsetType = UNSET
    parameters: dict[str, Any] = {}
    labels: Labels | None = None
    job_variables: dict[str, Any] | UnsetType = UNSET


class DeploymentUpdate(_Fields, frozen=True, kw_only=True):
    """What of a deployment to change; what is absent stays."""

    schedules: list[ScheduleUpdate] | UnsetType = UNSET
    parameters: dict[str, Any] | None | UnsetType = UNSET
    enforce_parameter_schema: bool | None | UnsetType = UNSET
    job_variables: dict[str, Any] | None | UnsetType = UNSET
