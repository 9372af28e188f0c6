"""Runs, flows, states and logs as clients read them: every field there, nulls included.

There is one way to render a run, whether it came from a snapshot or from a view. Estimates are
computed here, when somebody reads.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.changes import LogLine
from events.entities import Bookkeeping, CreatedBy, Flow, FlowRun, TaskRun
from events.instants import Instant, seconds_between
from events.policies import FlowRunPolicy, RetryType, TaskRunPolicy
from events.states import State, StateType


class DetailsResponse(Struct, frozen=True):
    """A state's details."""

    flow_run_id: UUID | None
    task_run_id: UUID | None
    child_flow_run_id: UUID | None
    scheduled_time: Instant | None
    cache_key: str | None
    cache_expiration: Instant | None
    deferred: bool | None
    untrackable_result: bool
    pause_timeout: Instant | None
    pause_reschedule: bool
    pause_key: str | None
    run_input_keyset: dict[str, str] | None
    refresh_cache: bool | None
    retriable: bool | None
    transition_id: UUID | None
    task_parameters_id: UUID | None
    traceparent: str | None
    deployment_concurrency_lease_id: UUID | None


class StateResponse(Struct, frozen=True):
    """A state that a run has entered."""

    id: UUID
    type: StateType
    name: str
    timestamp: Instant
    message: str | None
    data: Any
    state_details: DetailsResponse


def state_response(state: State, data: Any = None) -> StateResponse:
    """*state*, shown with *data* when it has none of its own."""
    d = state.state_details
    details = DetailsResponse(
        d.flow_run_id,
        d.task_run_id,
        d.child_flow_run_id,
        d.scheduled_time,
        d.cache_key,
        d.cache_expiration,
        d.deferred,
        d.untrackable_result,
        d.pause_timeout,
        d.pause_reschedule,
        d.pause_key,
        d.run_input_keyset,
        d.refresh_cache,
        d.retriable,
        d.transition_id,
        d.task_parameters_id,
        d.traceparent,
        d.deployment_concurrency_lease_id,
    )
    shown = data if state.data is None else state.data
    return StateResponse(
        state.id, state.type, state.name, state.timestamp, state.message, shown, details
    )


class FlowResponse(Struct, frozen=True):
    """A flow."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    tags: list[str]
    labels: dict[str, Any]


def flow_response(flow: Flow) -> FlowResponse:
    """*flow* as clients read it."""
    return FlowResponse(flow.id, flow.created, flow.updated, flow.name, flow.tags, flow.labels)


class LogResponse(Struct, frozen=True):
    """A log line."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    level: int
    message: str
    timestamp: Instant
    flow_run_id: UUID | None
    task_run_id: UUID | None


def log_response(line: LogLine) -> LogResponse:
    """*line* as clients read it."""
    return LogResponse(
        line.id,
        line.timestamp,
        line.timestamp,
        line.name,
        line.level,
        line.message,
        line.timestamp,
        line.flow_run_id,
        line.task_run_id,
    )


class FlowRunPolicyResponse(Struct, frozen=True):
    """How a flow run is retried and where it stands with its pauses."""

    max_retries: int
    retry_delay_seconds: float
    retries: int | None
    retry_delay: int | None
    pause_keys: frozenset[str] | None
    resuming: bool | None
    retry_type: RetryType | None


def flow_run_policy_response(policy: FlowRunPolicy) -> FlowRunPolicyResponse:
    """*policy* as clients read it."""
    return FlowRunPolicyResponse(
        policy.max_retries,
        float(policy.retry_delay_seconds),
        policy.retries,
        policy.retry_delay,
        policy.pause_keys,
        policy.resuming,
        policy.retry_type,
    )


class CreatedByResponse(Struct, frozen=True):
    """Who or what made a run."""

    id: UUID | None
    type: str | None
    display_value: str | None


def created_by_response(by: CreatedBy | None) -> CreatedByResponse | None:
    """*by* as clients read it."""
    return None if by is None else CreatedByResponse(by.id, by.type, by.display_value)


class TaskRunPolicyResponse(Struct, frozen=True):
    """How a task run is retried."""

    max_retries: int
    retry_delay_seconds: float
    retries: int | None
    retry_delay: int | float | list[int | float] | None
    retry_jitter_factor: float | None


def task_run_policy_response(policy: TaskRunPolicy) -> TaskRunPolicyResponse:
    """*policy* as clients read it."""
    return TaskRunPolicyResponse(
        policy.max_retries,
        float(policy.retry_delay_seconds),
        policy.retries,
        policy.retry_delay,
        policy.retry_jitter_factor,
    )


class Estimates(Struct, frozen=True):
    """Seconds that a run has run, and seconds that it is or was late, at some instant."""

    run_time: float
    lateness: float


def estimates(run: FlowRun | TaskRun, now: datetime) -> Estimates:
    """The estimates of *run* at *now*; neither is ever negative."""
    booked, state = run.progress.booked, run.progress.state
    run_time = booked.total_run_time
    if state is not None and state.type is StateType.RUNNING:
        run_time += max(0.0, seconds_between(state.timestamp, now))
    return Estimates(run_time, _lateness(booked, state, now))


def _lateness(booked: Bookkeeping, state: State | None, now: datetime) -> float:
    expected = booked.expected_start_time
    if expected is None:
        return 0.0
    if booked.start_time is not None:
        return max(0.0, seconds_between(expected, booked.start_time))
    if state is not None and state.is_final():
        return 0.0
    return max(0.0, seconds_between(expected, now))
