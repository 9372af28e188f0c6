"""Flow runs, many at a time: pages, counts, history and lateness, from the views."""

from events.queries import FlowRunQuery, FlowRunSort, HistoryBucket, HistoryQuery

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.runs import FlowRunResponse, flow_run_response
from ..pages import NumberedPage, PageAsked, lists


class FlowRunPages(PageAsked, frozen=True, kw_only=True):
    """A numbered page of flow runs, the first being 1."""

    sort: FlowRunSort | None = None


class FlowRunPage(NumberedPage[FlowRunResponse], frozen=True):
    """One page of flow runs, and how many there are."""


async def flow_run_history(context: Context, call: Call) -> Reply:
    """Flow runs counted in buckets of expected start time."""
    query = call.as_a(HistoryQuery)
    await context.writes.are_visible()
    return answered(await context.views.flow_run_history(query, context.now()))


async def flow_run_lateness(context: Context, call: Call) -> Reply:
    """The average lateness in seconds of the flow runs that match, null without any."""
    query = call.as_query(FlowRunQuery)
    await context.writes.are_visible()
    return answered(await context.views.lateness(query, context.now()))


async def _page(context: Context, query: FlowRunQuery) -> list[FlowRunResponse]:
    runs, now = await context.views.flow_runs(query), context.now()
    return [flow_run_response(run, now) for run in runs]


OPERATIONS = (
    *lists("Flow Runs", FlowRunQuery, FlowRunPages, FlowRunResponse, FlowRunPage, _page,
           lambda views: views.count_flow_runs, is_busy=True),
    Operation(method="POST", path="/flow_runs/history", handler=flow_run_history,
              summary="Flow Run History", tag="Flow Runs", takes=HistoryQuery,
              gives=list[HistoryBucket]),
    Operation(method="POST", path="/flow_runs/lateness", handler=flow_run_lateness,
              summary="Average Flow Run Lateness", tag="Flow Runs", takes=FlowRunQuery,
              gives=float | None),
)  # fmt: skip
