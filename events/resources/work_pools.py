"""Work pools: where runs wait in queues, and the workers and agents that ask for them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from ..entities import Count
from ..instants import Instant, seconds_between
from .resource import Kind, Parent, Resource

HeartbeatSeconds = Annotated[int, Meta(ge=0, le=31_536_000)]
"""At most a year: who is silent for a multiple of it is gone."""

Status = Literal["READY", "NOT_READY", "PAUSED"]


LATE_MAX = 0
POLLED_WITHIN_S = 60


def is_push(type: str) -> bool:
    """Whether a pool of this type pushes its runs to where they run."""
    return type.endswith(":push")


def is_managed(type: str) -> bool:
    """Whether who keeps a pool of this type runs its runs too."""
    return type.endswith(":managed")


def is_healthy(
    late_runs: int,
    last_polled: Instant | None,
    now: Instant,
    late_max: int | None = LATE_MAX,
    polled_within_s: int | None = POLLED_WITHIN_S,
) -> bool:
    """Whether a queue has no more late runs than it may and was polled lately; None is no bound."""
    if late_max is not None and late_runs > late_max:
        return False
    if polled_within_s is None:
        return True
    return last_polled is not None and seconds_between(last_polled, now) <= polled_within_s


class WorkPool(Resource, frozen=True, kw_only=True, tag="work_pool.v1"):
    """A work pool. Names are unique.

    *concurrency_limit* is how many runs of all its queues may be under way at once.
    """

    name: str
    description: str | None = None
    type: str = "prefect-agent"
    base_job_template: dict[str, Any] = {}
    is_paused: bool = False
    concurrency_limit: Count | None = None
    storage_configuration: dict[str, Any] = {}
    default_queue_id: UUID | None = None
    status: Status = "NOT_READY"

    @property
    def is_push_pool(self) -> bool:
        """Whether runs are pushed to where they run, so that no worker asks for them."""
        return is_push(self.type)

    @property
    def is_managed_pool(self) -> bool:
        """Whether who keeps the pool runs its runs too."""
        return is_managed(self.type)


class WorkQueue(Resource, frozen=True, kw_only=True, tag="work_queue.v1"):
    """A queue of a work pool. Names are unique within a pool; the lowest *priority* goes first."""

    work_pool_id: UUID
    work_pool_name: str | None = None
    name: str
    description: str | None = ""
    is_paused: bool = False
    concurrency_limit: Count | None = None
    priority: Count = 1
    filter: dict[str, Any] | None = None
    last_polled: Instant | None = None
    status: Status = "NOT_READY"


class Worker(Resource, frozen=True, kw_only=True, tag="worker.v1"):
    """A worker of a pool, as of its last sign of life. Names are unique within a pool."""

    work_pool_id: UUID
    name: str
    last_heartbeat_time: Instant | None = None
    heartbeat_interval_seconds: HeartbeatSeconds | None = None
    status: Literal["ONLINE", "OFFLINE"] = "OFFLINE"


class Agent(Resource, frozen=True, kw_only=True, tag="agent.v1"):
    """Who asks for the runs of a queue under an id, as of its last sign of life."""

    name: str
    work_queue_id: UUID
    last_activity_time: Instant | None = None


WORK_POOL = Kind(
    type=WorkPool,
    keys=(("name",),),
    fixed=frozenset({"name", "type"}),
    shown=("type", "is_paused", "status"),
)
WORK_QUEUE = Kind(
    type=WorkQueue,
    keys=(("work_pool_id", "name"),),
    parent=Parent("work_pool", "work_pool_id"),
    fixed=frozenset({"work_pool_id"}),
    shown=("priority", "is_paused", "status"),
)
WORKER = Kind(
    type=Worker,
    keys=(("work_pool_id", "name"),),
    parent=Parent("work_pool", "work_pool_id"),
    fixed=frozenset({"work_pool_id", "name"}),
    shown=("last_heartbeat_time", "status"),
)
AGENT = Kind(
    type=Agent,
    parent=Parent("work_queue", "work_queue_id"),
    fixed=frozenset({"name"}),
    shown=("last_activity_time",),
)
