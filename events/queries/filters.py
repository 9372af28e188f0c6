"""Filters: which flows, runs and log lines are meant; one field for each thing one may ask about.

A filter without demands matches everything of its kind.
"""

from .criteria import (
    Combined,
    Contains,
    CreatedByIs,
    Equals,
    Exists,
    IdIs,
    IdIsAny,
    InstantIs,
    IsNull,
    NameIs,
    NameStarts,
    NullableIdIs,
    NullableInstantIs,
    NullableNumberIs,
    NullableTextIs,
    NumberIs,
    ParentIs,
    StateIs,
    TagsAre,
    TaskRunIdIs,
    TextIs,
    TextIsAny,
    TextSearch,
    WorkerStatusIs,
)


class FlowFilter(Combined, frozen=True, kw_only=True):
    """Which flows; `deployment` asks whether a flow has runs of a deployment."""

    id: IdIs | None = None
    deployment: IsNull | None = None
    name: NameIs | None = None
    tags: TagsAre | None = None


class FlowRunFilter(Combined, frozen=True, kw_only=True):
    """Which flow runs."""

    id: IdIs | None = None
    name: NameIs | None = None
    tags: TagsAre | None = None
    deployment_id: NullableIdIs | None = None
    work_queue_name: NullableTextIs | None = None
    state: StateIs | None = None
    flow_version: TextIsAny | None = None
    start_time: NullableInstantIs | None = None
    end_time: NullableInstantIs | None = None
    expected_start_time: InstantIs | None = None
    next_scheduled_start_time: InstantIs | None = None
    parent_flow_run_id: ParentIs | None = None
    parent_task_run_id: NullableIdIs | None = None
    idempotency_key: TextIs | None = None
    created_by: CreatedByIs | None = None


class TaskRunFilter(Combined, frozen=True, kw_only=True):
    """Which task runs; `subflow_runs` asks whether a task run stands for a subflow."""

    id: IdIsAny | None = None
    name: NameIs | None = None
    tags: TagsAre | None = None
    state: StateIs | None = None
    start_time: NullableInstantIs | None = None
    end_time: NullableInstantIs | None = None
    expected_start_time: InstantIs | None = None
    subflow_runs: Exists | None = None
    flow_run_id: NullableIdIs | None = None


class LogFilter(Combined, frozen=True, kw_only=True):
    """Which log lines."""

    level: NumberIs | None = None
    timestamp: InstantIs | None = None
    flow_run_id: IdIsAny | None = None
    task_run_id: TaskRunIdIs | None = None
    text: TextSearch | None = None


class DeploymentFilter(Combined, frozen=True, kw_only=True):
    """Which deployments; runs know of theirs no more than its id and its queue's name."""

    id: IdIs | None = None
    name: NameIs | None = None
    flow_or_deployment_name: Contains | None = None
    paused: Equals | None = None
    tags: TagsAre | None = None
    work_queue_name: TextIsAny | None = None
    concurrency_limit: NullableNumberIs | None = None


class WorkPoolFilter(Combined, frozen=True, kw_only=True):
    """Which work pools; runs know of theirs no more than its id and its name."""

    id: IdIsAny | None = None
    name: TextIsAny | None = None
    type: TextIsAny | None = None


class WorkQueueFilter(Combined, frozen=True, kw_only=True):
    """Which work queues; runs know of theirs no more than its id and its name."""

    id: IdIsAny | None = None
    name: NameStarts | None = None


class WorkerFilter(Combined, frozen=True, kw_only=True):
    """Which workers."""

    last_heartbeat_time: InstantIs | None = None
    status: WorkerStatusIs | None = None


class AgentFilter(Combined, frozen=True, kw_only=True):
    """Which agents."""

    id: IdIsAny | None = None
    name: NameIs | None = None
    work_queue_id: IdIsAny | None = None
    last_activity_time: InstantIs | None = None
