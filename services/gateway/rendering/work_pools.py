"""Work pools, queues, workers and agents as clients read them: all fields, nulls included."""

from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from events.instants import Instant
from events.resources.work_pools import Agent, Status, Worker, WorkPool, WorkQueue

STORAGE: dict[str, Any] = dict.fromkeys(
    ("bundle_upload_step", "bundle_execution_step", "default_result_storage_block_id")
)
"""What a pool's storage configuration shows where nothing is set."""


class WorkPoolResponse(Struct, frozen=True, kw_only=True):
    """A work pool; *active_slots* are counted only where there is a limit."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    description: str | None
    type: str
    base_job_template: dict[str, Any]
    is_paused: bool
    concurrency_limit: int | None
    status: Status
    default_queue_id: UUID | None
    storage_configuration: dict[str, Any]
    active_slots: int | None


def work_pool_response(pool: WorkPool, active_slots: int | None = None) -> WorkPoolResponse:
    """*pool* as clients read it."""
    return WorkPoolResponse(
        id=pool.id,
        created=pool.created,
        updated=pool.updated,
        name=pool.name,
        description=pool.description,
        type=pool.type,
        base_job_template=pool.base_job_template,
        is_paused=pool.is_paused,
        concurrency_limit=pool.concurrency_limit,
        status=pool.status,
        default_queue_id=pool.default_queue_id,
        storage_configuration=STORAGE | pool.storage_configuration,
        active_slots=active_slots,
    )


class WorkQueueResponse(Struct, frozen=True, kw_only=True):
    """A work queue; *active_slots* are counted only where there is a limit."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    description: str | None
    is_paused: bool
    concurrency_limit: int | None
    priority: int
    work_pool_id: UUID
    filter: dict[str, Any] | None
    last_polled: Instant | None
    work_pool_name: str | None
    status: Status
    active_slots: int | None


def work_queue_response(queue: WorkQueue, active_slots: int | None = None) -> WorkQueueResponse:
    """*queue* as clients read it."""
    return WorkQueueResponse(
        id=queue.id,
        created=queue.created,
        updated=queue.updated,
        name=queue.name,
        description=queue.description,
        is_paused=queue.is_paused,
        concurrency_limit=queue.concurrency_limit,
        priority=queue.priority,
        work_pool_id=queue.work_pool_id,
        filter=queue.filter,
        last_polled=queue.last_polled,
        work_pool_name=queue.work_pool_name,
        status=queue.status,
        active_slots=active_slots,
    )


class WorkerResponse(Struct, frozen=True, kw_only=True):
    """A worker."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    work_pool_id: UUID
    last_heartbeat_time: Instant | None
    heartbeat_interval_seconds: int | None
    status: Literal["ONLINE", "OFFLINE"]


def worker_response(worker: Worker) -> WorkerResponse:
    """*worker* as clients read it."""
    return WorkerResponse(
        id=worker.id,
        created=worker.created,
        updated=worker.updated,
        name=worker.name,
        work_pool_id=worker.work_pool_id,
        last_heartbeat_time=worker.last_heartbeat_time,
        heartbeat_interval_seconds=worker.heartbeat_interval_seconds,
        status=worker.status,
    )


class AgentResponse(Struct, frozen=True, kw_only=True):
    """An agent."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    work_queue_id: UUID
    last_activity_time: Instant | None


def agent_response(agent: Agent) -> AgentResponse:
    """*agent* as clients read it."""
    return AgentResponse(
        id=agent.id,
        created=agent.created,
        updated=agent.updated,
        name=agent.name,
        work_queue_id=agent.work_queue_id,
        last_activity_time=agent.last_activity_time,
    )
