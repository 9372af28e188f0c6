"""Deployments: flows made ready to be run by others, and when they run by themselves."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, cast
from uuid import UUID

from pydantic import Field, field_validator

from .concurrency import ConcurrencyOptions
from .model import DateTime, Model, Name, ObjectBaseModel
from .responses import GlobalConcurrencyLimitResponse
from .runs import CreatedBy, UpdatedBy


class DeploymentStatus(StrEnum):
    """Whether somebody asks for a deployment's runs."""

    READY = "READY"
    NOT_READY = "NOT_READY"


class CronSchedule(Model):
    """Whenever a clock matches; a day need match only one of its two fields with *day_or*."""

    timezone: str | None = None
    cron: str
    day_or: bool = True


class IntervalSchedule(Model):
    """At equal intervals before and after a date."""

    timezone: str | None = None
    interval: timedelta
    anchor_date: DateTime


class RRuleSchedule(Model):
    """Whenever a recurrence rule (RFC 5545) says."""

    timezone: str | None = None
    rrule: str


KINDS = {"cron", "interval", "rrule"}
"""The fields that tell kinds of schedules."""


class DeploymentSchedule(ObjectBaseModel):
    """A schedule of a deployment; its parameters go before the deployment's."""

    deployment_id: UUID | None = None
    schedule: CronSchedule | IntervalSchedule | RRuleSchedule
    active: bool = True
    max_scheduled_runs: int | None = Field(default=None, gt=0)
    parameters: dict[str, Any] = {}
    slug: str | None = None

    @field_validator("schedule", mode="before")
    @classmethod
    def validate_schedule_is_of_one_kind(cls, schedule: Any) -> Any:
        """Kinds of schedules are told by their fields, so that each has those of one kind."""
        if isinstance(schedule, dict):
            kinds = sorted(KINDS & cast("dict[str, Any]", schedule).keys())
            if len(kinds) > 1:
                raise ValueError(f"A schedule is of one kind, and not {' and '.join(kinds)}")
        return cast("Any", schedule)


class Deployment(ObjectBaseModel):
    """A flow with all that its runs need, so that others can run it."""

    name: Name
    version: str | None = None
    description: str | None = None
    flow_id: UUID
    paused: bool = False
    concurrency_limit: int | None = None
    global_concurrency_limit: GlobalConcurrencyLimitResponse | None = None
    concurrency_options: ConcurrencyOptions | None = None
    schedules: list[DeploymentSchedule] = []
    job_variables: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    pull_steps: list[dict[str, Any]] | None = None
    tags: list[str] = []
    labels: dict[str, Any] | None = {}
    work_queue_name: str | None = None
    work_pool_name: str | None = None
    last_polled: DateTime | None = None
    parameter_openapi_schema: dict[str, Any] | None = None
    path: str | None = None
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    created_by: CreatedBy | None = None
    updated_by: UpdatedBy | None = None
    work_queue_id: UUID | None = None
    enforce_parameter_schema: bool = True
    status: DeploymentStatus | None = None
