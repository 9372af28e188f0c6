"""How queues and pools are: polled lately, runs late, and slots in use."""

from datetime import datetime
from math import ceil
from uuid import UUID

from msgspec import Struct

from events.entities import FlowRun
from events.instants import Instant, seconds_between
from events.queries import (
    LIMIT_MAX,
    FlowRunFilter,
    FlowRunQuery,
    WorkQueueFilter,
    WorkQueueQuery,
)
from events.queries.criteria import IdIsAny, StateIs, TextIs
from events.resources.work_pools import LATE_MAX, POLLED_WITHIN_S, WorkQueue, is_healthy
from events.states import StateType

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, detail, failed
from ...http.operations import Operation
from ...places import pool_named
from .slots import in_types, occupied, of_pool, of_queue


class HealthPolicy(Struct, frozen=True):
    """What a healthy queue keeps to."""

    maximum_late_runs: int | None = LATE_MAX
    maximum_seconds_since_last_polled: int | None = POLLED_WITHIN_S


class QueueHealth(Struct, frozen=True):
    """Whether a queue is healthy, and why."""

    healthy: bool
    late_runs_count: int
    last_polled: Instant | None
    health_check_policy: HealthPolicy


class SlotHolder(Struct, frozen=True):
    """A run that is under way."""

    id: UUID
    name: str
    state_type: StateType | None
    state_name: str | None
    start_time: Instant | None
    state_timestamp: Instant | None
    time_in_current_state: float | None


def _holder(run: FlowRun, now: datetime) -> SlotHolder:
    state = run.progress.state
    return SlotHolder(
        run.attributes.id,
        run.attributes.name,
        None if state is None else state.type,
        None if state is None else state.name,
        run.progress.booked.start_time,
        None if state is None else state.timestamp,
        None if state is None else seconds_between(state.timestamp, now),
    )


class QueueSlots(Struct, frozen=True, kw_only=True):
    """The slots of a queue, and a page of the runs that hold them."""

    active_slots: int
    concurrency_limit: int | None
    flow_runs: list[SlotHolder]
    count: int
    limit: int
    pages: int
    page: int


class QueueInPool(Struct, frozen=True, kw_only=True):
    """The slots of one queue of a pool."""

    queue_id: UUID
    queue_name: str
    active_slots: int
    concurrency_limit: int | None
    flow_runs: list[SlotHolder]
    flow_run_count: int


class PoolSlots(Struct, frozen=True, kw_only=True):
    """The slots of a pool, and a page of its queues."""

    active_slots: int
    concurrency_limit: int | None
    queues: list[QueueInPool]
    count: int
    limit: int
    pages: int
    page: int


PAGE_MAX = 2**31
"""The first page that nobody turns to."""


class PageAsked(Struct, frozen=True, kw_only=True):
    """Which page is wanted, and how many runs of each queue."""

    page: int | None = None
    limit: int | None = None
    flow_run_limit: int | None = None

    def sizes(self) -> tuple[int, int, int]:
        """The page, its size, and how many runs are shown; raises `Refused` with a 422."""
        page = 1 if self.page is None else self.page
        limit = LIMIT_MAX if self.limit is None else self.limit
        shown = 10 if self.flow_run_limit is None else self.flow_run_limit
        if not 1 <= page < PAGE_MAX or not 0 < limit <= LIMIT_MAX or not 0 <= shown <= LIMIT_MAX:
            raise detail(422, f"Invalid limit: must be less than or equal to {LIMIT_MAX}.")
        return page, limit, shown


async def queue_status(context: Context, call: Call) -> Reply:
    """Whether a queue is healthy: polled lately, and without late runs."""
    queue = await context.resource(WorkQueue, call.id)
    if queue is None:
        raise failed(404, f"Work queue with id {call.id} not found")
    late = FlowRunFilter(state=StateIs(name=TextIs(any_=["Late"])))
    where = WorkQueueFilter(id=IdIsAny(any_=[queue.id]))
    await context.writes.are_visible()
    count = await context.views.count_flow_runs(FlowRunQuery(flow_runs=late, work_queues=where))
    polled = queue.last_polled
    healthy = is_healthy(count, polled, context.now())
    return answered(QueueHealth(healthy, count, polled, HealthPolicy()))


async def queue_slots(context: Context, call: Call) -> Reply:
    """The runs of a queue that are under way."""
    page, limit, _ = call.as_query(PageAsked).sizes()
    queue = await context.resource(WorkQueue, call.id)
    if queue is None:
        raise failed(404, f"Work queue with id {call.id} not found")
    count = await occupied(context, of_queue(queue))
    return answered(
        QueueSlots(
            active_slots=count,
            concurrency_limit=queue.concurrency_limit,
            flow_runs=await _holders(context, queue, limit, (page - 1) * limit),
            count=count,
            limit=limit,
            pages=ceil(count / limit),
            page=page,
        )
    )


async def pool_slots(context: Context, call: Call) -> Reply:
    """The runs of a pool that are under way, by queue."""
    page, limit, shown = call.as_query(PageAsked).sizes()
    pool = await pool_named(context, call.path("name"))
    active = await occupied(context, of_pool(pool))
    query = WorkQueueQuery(limit=limit, offset=(page - 1) * limit)
    count = await context.views.count_resources(query, pool.id)
    queues = await context.views.resources(query, pool.id)
    return answered(
        PoolSlots(
            active_slots=active,
            concurrency_limit=pool.concurrency_limit,
            queues=[
                await _in_pool(context, queue, shown)
                for queue in queues
                if isinstance(queue, WorkQueue)
            ],
            count=count,
            limit=limit,
            pages=ceil(count / limit),
            page=page,
        )
    )


async def _in_pool(context: Context, queue: WorkQueue, shown: int) -> QueueInPool:
    count = await occupied(context, of_queue(queue))
    return QueueInPool(
        queue_id=queue.id,
        queue_name=queue.name,
        active_slots=count,
        concurrency_limit=queue.concurrency_limit,
        flow_runs=await _holders(context, queue, shown, 0),
        flow_run_count=count,
    )


async def _holders(context: Context, queue: WorkQueue, limit: int, offset: int) -> list[SlotHolder]:
    query = FlowRunQuery(
        flow_runs=FlowRunFilter(state=in_types()),
        work_queues=WorkQueueFilter(id=IdIsAny(any_=[queue.id])),
        limit=limit,
        offset=offset,
    )
    runs = await context.views.flow_runs(query)
    return [_holder(run, context.now()) for run in runs]


OPERATIONS = (
    Operation(method="GET", path="/work_queues/{id:uuid}/status", handler=queue_status,
              summary="Read Work Queue Status", tag="Work Queues", gives=QueueHealth),
    Operation(method="POST", path="/work_queues/{id:uuid}/concurrency_status",
              handler=queue_slots, summary="Read Work Queue Concurrency Status",
              tag="Work Queues", takes=PageAsked, gives=QueueSlots),
    Operation(method="POST", path="/work_pools/{name}/concurrency_status", handler=pool_slots,
              summary="Read Work Pool Concurrency Status", tag="Work Pools", takes=PageAsked,
              gives=PoolSlots),
)  # fmt: skip
