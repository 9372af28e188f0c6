"""Flows, many at a time, from the view."""

from events.queries import FlowQuery, FlowSort

from ...context import Context
from ...rendering.parts import FlowResponse, flow_response
from ..pages import NumberedPage, PageAsked, lists


class FlowPages(PageAsked, frozen=True, kw_only=True):
    """A numbered page of flows, the first being 1."""

    sort: FlowSort | None = None


class FlowPage(NumberedPage[FlowResponse], frozen=True):
    """One page of flows, and how many there are."""


async def _page(context: Context, query: FlowQuery) -> list[FlowResponse]:
    return [flow_response(flow) for flow in await context.views.flows(query)]


OPERATIONS = lists(
    "Flows", FlowQuery, FlowPages, FlowResponse, FlowPage, _page, lambda views: views.count_flows
)
