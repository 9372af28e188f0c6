"""A whole run as clients read it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.entities import FlowRun, TaskRun
from events.instants import Instant
from events.states import StateType

from .parts import (
    CreatedByResponse,
    FlowRunPolicyResponse,
    StateResponse,
    TaskRunPolicyResponse,
    created_by_response,
    estimates,
    flow_run_policy_response,
    state_response,
    task_run_policy_response,
)


class FlowRunResponse(Struct, frozen=True, kw_only=True):
    """A flow run; durations in seconds."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    flow_id: UUID
    state_id: UUID | None
    deployment_id: UUID | None
    deployment_version: str | None
    work_queue_id: UUID | None
    work_queue_name: str | None
    flow_version: str | None
    parameters: dict[str, Any]
    idempotency_key: str | None
    context: dict[str, Any]
    empirical_policy: FlowRunPolicyResponse
    tags: list[str]
    labels: dict[str, Any]
    parent_task_run_id: UUID | None
    state_type: StateType | None
    state_name: str | None
    run_count: int
    expected_start_time: Instant | None
    next_scheduled_start_time: Instant | None
    start_time: Instant | None
    end_time: Instant | None
    total_run_time: float
    estimated_run_time: float
    estimated_start_time_delta: float
    auto_scheduled: bool
    infrastructure_document_id: UUID | None
    infrastructure_pid: str | None
    created_by: CreatedByResponse | None
    work_pool_id: UUID | None
    work_pool_name: str | None
    state: StateResponse | None
    job_variables: dict[str, Any] | None


def flow_run_response(run: FlowRun, now: datetime) -> FlowRunResponse:
    """*run* as it is read at *now*."""
    a, p = run.attributes, run.progress
    booked, state, estimated = p.booked, p.state, estimates(run, now)
    return FlowRunResponse(
        id=a.id,
        created=a.created,
        updated=p.updated or a.created,
        name=a.name,
        flow_id=a.flow_id,
        state_id=None if state is None else state.id,
        deployment_id=a.deployment_id,
        deployment_version=a.deployment_version,
        work_queue_id=a.work_queue_id,
        work_queue_name=a.work_queue_name,
        flow_version=a.flow_version,
        parameters=a.parameters,
        idempotency_key=a.idempotency_key,
        context=a.context,
        empirical_policy=flow_run_policy_response(p.policy),
        tags=a.tags,
        labels=a.labels,
        parent_task_run_id=a.parent_task_run_id,
        state_type=None if state is None else state.type,
        state_name=None if state is None else state.name,
        run_count=booked.run_count,
        expected_start_time=booked.expected_start_time,
        next_scheduled_start_time=booked.next_scheduled_start_time,
        start_time=booked.start_time,
        end_time=booked.end_time,
        total_run_time=booked.total_run_time,
        estimated_run_time=estimated.run_time,
        estimated_start_time_delta=estimated.lateness,
        auto_scheduled=a.auto_scheduled,
        infrastructure_document_id=a.infrastructure_document_id,
        infrastructure_pid=a.infrastructure_pid,
        created_by=created_by_response(a.created_by),
        work_pool_id=a.work_pool_id,
        work_pool_name=a.work_pool_name,
        state=None if state is None else state_response(state),
        job_variables=a.job_variables,
    )


class TaskRunResponse(Struct, frozen=True, kw_only=True):
    """A task run; durations in seconds."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    flow_run_id: UUID | None
    task_key: str
    dynamic_key: str
    cache_key: str | None
    cache_expiration: Instant | None
    task_version: str | None
    empirical_policy: TaskRunPolicyResponse
    tags: list[str]
    labels: dict[str, Any]
    state_id: UUID | None
    task_inputs: dict[str, list[dict[str, Any]]]
    state_type: StateType | None
    state_name: str | None
    run_count: int
    flow_run_run_count: int
    expected_start_time: Instant | None
    next_scheduled_start_time: Instant | None
    start_time: Instant | None
    end_time: Instant | None
    total_run_time: float
    estimated_run_time: float
    estimated_start_time_delta: float
    state: StateResponse | None


def task_run_response(run: TaskRun, now: datetime) -> TaskRunResponse:
    """*run* as it is read at *now*."""
    a, p = run.attributes, run.progress
    booked, state, estimated = p.booked, p.state, estimates(run, now)
    return TaskRunResponse(
        id=a.id,
        created=a.created,
        updated=p.updated or a.created,
        name=a.name,
        flow_run_id=a.flow_run_id,
        task_key=a.task_key,
        dynamic_key=a.dynamic_key,
        cache_key=a.cache_key,
        cache_expiration=a.cache_expiration,
        task_version=a.task_version,
        empirical_policy=task_run_policy_response(a.empirical_policy),
        tags=a.tags,
        labels=a.labels,
        state_id=None if state is None else state.id,
        task_inputs=a.task_inputs,
        state_type=None if state is None else state.type,
        state_name=None if state is None else state.name,
        run_count=booked.run_count,
        flow_run_run_count=p.flow_run_run_count,
        expected_start_time=booked.expected_start_time,
        next_scheduled_start_time=booked.next_scheduled_start_time,
        start_time=booked.start_time,
        end_time=booked.end_time,
        total_run_time=booked.total_run_time,
        estimated_run_time=estimated.run_time,
        estimated_start_time_delta=estimated.lateness,
        state=None if state is None else state_response(state),
    )
