"""Flows, many at a time, from the view."""

from events.queries import FlowQuery, FlowSort

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.parts import FlowResponse, flow_response
from ..pages import NumberedPage, PageAsked, paginated


class FlowPages(PageAsked, frozen=True, kw_only=True):
    """A numbered page of flows, the first being 1."""

    sort: FlowSort | None = None


class FlowPage(NumberedPage[FlowResponse], frozen=True):
    """One page of flows, and how many there are."""


async def read_flows(context: Context, call: Call) -> Reply:
    """A page of flows."""
    query = call.as_query(FlowQuery)
    await context.writes.are_visible()
    return answered(await _page(context, query))


async def count_flows(context: Context, call: Call) -> Reply:
    """How many flows match."""
    query = call.as_query(FlowQuery)
    await context.writes.are_visible()
    return answered(await context.views.count_flows(query))


async def paginate_flows(context: Context, call: Call) -> Reply:
    """A numbered page of flows, with their count."""
    asked, count = call.as_query(FlowPages), context.views.count_flows
    return await paginated(context, asked, FlowQuery, count, _page)


async def _page(context: Context, query: FlowQuery) -> list[FlowResponse]:
    return [flow_response(flow) for flow in await context.views.flows(query)]


OPERATIONS = (
    Operation(method="POST", path="/flows/filter", handler=read_flows, summary="Read Flows",
              tag="Flows", takes=FlowQuery, gives=list[FlowResponse]),
    Operation(method="POST", path="/flows/count", handler=count_flows, summary="Count Flows",
              tag="Flows", takes=FlowQuery, gives=int),
    Operation(method="POST", path="/flows/paginate", handler=paginate_flows,
              summary="Paginate Flows", tag="Flows", takes=FlowPages, gives=FlowPage),
)  # fmt: skip
