"""How many runs of a pool or queue are under way: counted when somebody asks."""

from collections.abc import Sequence

from msgspec import structs

from events.queries import FlowRunFilter, FlowRunQuery, WorkPoolFilter, WorkQueueFilter
from events.queries.criteria import IdIsAny, StateIs, StateTypeIs
from events.resources.work_pools import WorkPool, WorkQueue
from events.states import StateType

from ...context import Context

UNDER_WAY = (StateType.RUNNING, StateType.PENDING)


def in_types(types: Sequence[StateType] = UNDER_WAY) -> StateIs:
    """The demand that a run be in a state of one of *types*."""
    return StateIs(type=StateTypeIs(any_=[*types]))


def of_pool(pool: WorkPool) -> FlowRunQuery:
    """The runs in *pool*."""
    return FlowRunQuery(work_pools=WorkPoolFilter(id=IdIsAny(any_=[pool.id])))


def of_queue(queue: WorkQueue) -> FlowRunQuery:
    """The runs in *queue*."""
    return FlowRunQuery(work_queues=WorkQueueFilter(id=IdIsAny(any_=[queue.id])))


async def occupied(
    context: Context, of: FlowRunQuery, types: Sequence[StateType] = UNDER_WAY
) -> int:
    """How many runs of *of* are in a state of *types*, once the views have our own writes."""
    wanted = structs.replace(of.flow_runs or FlowRunFilter(), state=in_types(types))
    await context.writes.are_visible()
    return await context.views.count_flow_runs(structs.replace(of, flow_runs=wanted))
