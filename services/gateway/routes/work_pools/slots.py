"""How many runs of a pool or queue are under way: counted when somebody asks."""

from msgspec import structs

from events.queries import FlowRunFilter, FlowRunQuery, WorkPoolFilter, WorkQueueFilter
from events.queries.criteria import StateIs, StateTypeIs
from events.states import StateType

from ...context import Context

UNDER_WAY = FlowRunFilter(
    state=StateIs(type=StateTypeIs(any_=[StateType.RUNNING, StateType.PENDING]))
)


async def occupied(context: Context, where: WorkPoolFilter | WorkQueueFilter) -> int:
    """How many runs are under way there, once the views have what was written here."""
    if isinstance(where, WorkPoolFilter):
        return await under_way(context, FlowRunQuery(work_pools=where))
    return await under_way(context, FlowRunQuery(work_queues=where))


async def under_way(context: Context, of: FlowRunQuery) -> int:
    """As `occupied`, of whichever runs."""
    wanted = structs.replace(of.flow_runs or FlowRunFilter(), state=UNDER_WAY.state)
    await context.writes.are_visible()
    return await context.views.count_flow_runs(structs.replace(of, flow_runs=wanted))
