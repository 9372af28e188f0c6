"""Flows, many at a time by a filter: deleted, each for itself."""

from uuid import UUID

from msgspec import Struct

from events.queries import FlowFilter, FlowQuery

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ..bodies import BULK_MAX, BulkLimit
from .deletion import delete


class FlowsDelete(Struct, frozen=True, kw_only=True):
    """Which flows to delete, and how many at most."""

    flows: FlowFilter | None = None
    limit: BulkLimit | None = None


class FlowsDeleted(Struct, frozen=True):
    """The flows that were deleted."""

    deleted: list[UUID]


async def bulk_delete_flows(context: Context, call: Call) -> Reply:
    """Delete the flows that match."""
    asked = call.as_query(FlowsDelete)
    await context.writes.are_visible()
    query = FlowQuery(flows=asked.flows, limit=asked.limit or BULK_MAX)
    found = [flow.id for flow in await context.views.flows(query)]
    return answered(FlowsDeleted([id for id in found if await delete(context, id)]))


OPERATIONS = (
    Operation(method="POST", path="/flows/bulk_delete", handler=bulk_delete_flows,
              summary="Bulk Delete Flows", tag="Flows", takes=FlowsDelete, gives=FlowsDeleted),
)  # fmt: skip
