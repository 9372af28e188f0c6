"""How many runs of a pool or queue are under way: counted when somebody asks."""

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
        query = FlowRunQuery(flow_runs=UNDER_WAY, work_pools=where)
    else:
        query = FlowRunQuery(flow_runs=UNDER_WAY, work_queues=where)
    await context.writes.are_visible()
    return await context.views.count_flow_runs(query)
