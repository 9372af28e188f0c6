"""A flow goes with its runs, which the views know, and with its deployments."""

import asyncio
from uuid import UUID

from events.proposals import DeleteFlow
from events.queries import FlowFilter, FlowRunQuery
from events.queries.criteria import IdIs
from events.wire.replies import Answer

from ...context import Context
from ..flow_runs import deletion as of_flow_runs


async def delete(context: Context, flow_id: UUID) -> bool:
    """Forget the flow; false when there is none.

    The flow goes last: whoever is interrupted finds it again, with the runs that are left.
    """
    runs = FlowRunQuery(flows=FlowFilter(id=IdIs(any_=[flow_id])))
    await context.writes.are_visible()
    while found := await context.views.flow_runs(runs):
        ids = [run.attributes.id for run in found]
        await asyncio.gather(*(of_flow_runs.delete(context, id) for id in ids))
        await context.writes.are_visible()
    proposal = DeleteFlow(id=str(context.new_id()), at=context.now(), flow_id=flow_id)
    return isinstance(await context.propose(proposal), Answer)
