"""Work pools, their queues, and who asks for the runs in them."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import Field, field_validator

from events.resources import work_pools as rules

from .. import clock
from .model import (
    DateTime,
    Model,
    Name,
    NonNegativeInteger,
    ObjectBaseModel,
    PositiveInteger,
    Slugged,
)


class WorkPoolStatus(StrEnum):
    """Whether a pool's runs are asked for."""

    READY = "READY"
    NOT_READY = "NOT_READY"
    PAUSED = "PAUSED"

    @property
    def display_name(self) -> str:
        """The status as a person reads it, such as `Not Ready`."""
        return self.value.replace("_", " ").title()


class WorkQueueStatus(StrEnum):
    """Whether a queue's runs are asked for."""

    READY = "READY"
    NOT_READY = "NOT_READY"
    PAUSED = "PAUSED"


class WorkerStatus(StrEnum):
    """Whether a worker has given a sign of life lately."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


class WorkPool(ObjectBaseModel):
    """A work pool: where runs wait for workers."""

    name: Name
    description: str | None = None
    type: str
    base_job_template: dict[str, Any] = {}
    is_paused: bool = False
    concurrency_limit: NonNegativeInteger | None = None
    status: WorkPoolStatus | None = None
    storage_configuration: dict[str, Any] = {}
    active_slots: int | None = None
    default_queue_id: UUID = Field(default=None, validate_default=True)

    @property
    def is_push_pool(self) -> bool:
        """Whether runs are pushed to where they run, so that no worker asks for them."""
        return rules.is_push(self.type)

    @property
    def is_managed_pool(self) -> bool:
        """Whether who keeps the pool runs its runs too."""
        return rules.is_managed(self.type)

    @field_validator("default_queue_id", mode="before")
    @classmethod
    def helpful_error_for_missing_default_queue_id(cls, id: Any) -> Any:
        """A pool has a default queue."""
        if id is None:
            raise ValueError(
                "`default_queue_id` is a required field: a server makes a default queue with every"
                " pool. To make a pool, send its other fields to POST /work_pools/"
            )
        return id


class QueueFilter(Model):
    """Which runs a queue lets through: with all of these tags, of one of these deployments."""

    tags: list[str] | None = None
    deployment_ids: list[UUID] | None = None


class WorkQueue(ObjectBaseModel):
    """A queue of a work pool; the lowest priority goes first."""

    name: Name
    description: str | None = ""
    is_paused: bool = False
    concurrency_limit: NonNegativeInteger | None = None
    priority: PositiveInteger = 1
    work_pool_name: str | None = None
    work_pool_id: UUID | None
    filter: QueueFilter | None = Field(default=None, deprecated="queues of pools take all runs")
    last_polled: DateTime | None = None
    status: WorkQueueStatus | None = None
    active_slots: int | None = None


class WorkQueueHealthPolicy(Model):
    """What a healthy queue keeps to; null is no bound."""

    maximum_late_runs: int | None = rules.LATE_MAX
    maximum_seconds_since_last_polled: int | None = rules.POLLED_WITHIN_S

    def evaluate_health_status(
        self, late_runs_count: int, last_polled: DateTime | None = None
    ) -> bool:
        """Whether a queue with so many late runs, polled last at that time, is healthy now."""
        return rules.is_healthy(
            late_runs_count,
            last_polled,
            clock.now(),
            self.maximum_late_runs,
            self.maximum_seconds_since_last_polled,
        )


class WorkQueueStatusDetail(Model):
    """Whether a queue is healthy, and why."""

    healthy: bool
    late_runs_count: int
    last_polled: DateTime | None
    health_check_policy: WorkQueueHealthPolicy


class Worker(ObjectBaseModel):
    """Who asks for the runs of a pool, and when it was last heard of."""

    name: str
    work_pool_id: UUID
    last_heartbeat_time: DateTime | None = None
    heartbeat_interval_seconds: int | None = None
    status: WorkerStatus = WorkerStatus.OFFLINE


class Agent(Slugged):
    """Who asks for the runs of one queue, as clients did before there were workers."""

    work_queue_id: UUID
    last_activity_time: DateTime | None = None
