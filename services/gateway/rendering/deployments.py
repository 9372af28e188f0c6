"""Deployments as clients read them: every field there, nulls included."""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from events.instants import Instant
from events.resources.deployments import Deployment
from events.resources.schedules import (
    CronSchedule,
    DeploymentSchedule,
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
)

from .limits import LimitResponse
from .parts import CreatedByResponse, created_by_response


class ScheduleResponse(Struct, frozen=True, kw_only=True):
    """A schedule of a deployment; clients tell its kinds by their fields and refuse others."""

    id: UUID
    created: Instant
    updated: Instant
    deployment_id: UUID
    schedule: dict[str, Any]
    active: bool
    max_scheduled_runs: int | None
    parameters: dict[str, Any]
    slug: str | None


def schedule_response(schedule: DeploymentSchedule, deployment_id: UUID) -> ScheduleResponse:
    """*schedule* as clients read it."""
    return ScheduleResponse(
        id=schedule.id,
        created=schedule.created,
        updated=schedule.updated,
        deployment_id=deployment_id,
        schedule=_times(schedule.schedule),
        active=schedule.active,
        max_scheduled_runs=schedule.max_scheduled_runs,
        parameters=schedule.parameters,
        slug=schedule.slug,
    )


def _times(schedule: Schedule) -> dict[str, Any]:
    match schedule:
        case CronSchedule(cron=cron, timezone=timezone, day_or=day_or):
            return {"cron": cron, "timezone": timezone, "day_or": day_or}
        case IntervalSchedule(interval=interval, anchor_date=anchor, timezone=timezone):
            return {"interval": interval, "anchor_date": anchor, "timezone": timezone}
        case RRuleSchedule(rrule=rrule, timezone=timezone):
            return {"rrule": rrule, "timezone": timezone}


class ConcurrencyOptionsResponse(Struct, frozen=True):
    """What becomes of a run that finds no slot."""

    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: int | None


class DeploymentResponse(Struct, frozen=True, kw_only=True):
    """A deployment."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    version: str | None
    description: str | None
    flow_id: UUID
    paused: bool
    schedules: list[ScheduleResponse]
    concurrency_limit: int | None
    global_concurrency_limit: LimitResponse | None
    concurrency_options: ConcurrencyOptionsResponse | None
    job_variables: dict[str, Any]
    parameters: dict[str, Any]
    tags: list[str]
    labels: dict[str, Any]
    work_queue_name: str | None
    work_queue_id: UUID | None
    last_polled: Instant | None
    parameter_openapi_schema: dict[str, Any]
    path: str | None
    pull_steps: list[dict[str, Any]]
    entrypoint: str | None
    storage_document_id: UUID | None
    infrastructure_document_id: UUID | None
    created_by: CreatedByResponse | None
    updated_by: CreatedByResponse | None
    work_pool_name: str | None
    status: Literal["READY", "NOT_READY"]
    enforce_parameter_schema: bool


def deployment_response(one: Deployment, limit: LimitResponse | None) -> DeploymentResponse:
    """*one* as clients read it; *limit* is its own or the one that it shares."""
    options = one.concurrency_options
    return DeploymentResponse(
        id=one.id,
        created=one.created,
        updated=one.updated,
        name=one.name,
        version=one.version,
        description=one.description,
        flow_id=one.flow_id,
        paused=one.paused,
        schedules=[schedule_response(each, one.id) for each in newest_first(one)],
        concurrency_limit=None,
        global_concurrency_limit=limit,
        concurrency_options=None
        if options is None
        else ConcurrencyOptionsResponse(options.collision_strategy, options.grace_period_seconds),
        job_variables=one.job_variables,
        parameters=one.parameters,
        tags=one.tags,
        labels=one.labels,
        work_queue_name=one.work_queue_name,
        work_queue_id=one.work_queue_id,
        last_polled=one.last_polled,
        parameter_openapi_schema=one.parameter_openapi_schema or {},
        path=one.path,
        pull_steps=one.pull_steps or [],
        entrypoint=one.entrypoint,
        storage_document_id=one.storage_document_id,
        infrastructure_document_id=one.infrastructure_document_id,
        created_by=created_by_response(one.created_by),
        updated_by=created_by_response(one.updated_by),
        work_pool_name=one.work_pool_name,
        status=one.status,
        enforce_parameter_schema=one.enforce_parameter_schema,
    )


def newest_first(deployment: Deployment) -> list[DeploymentSchedule]:
    """The schedules, the one that changed last first."""
    return sorted(deployment.schedules, key=lambda each: each.updated)[::-1]
