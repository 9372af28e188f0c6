"""Flow runs, many at a time: pages, counts, history and lateness, from the views."""

from events.queries import FlowRunQuery, FlowRunSort, HistoryBucket, HistoryQuery

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.runs import FlowRunResponse, flow_run_response
from ..pages import NumberedPage, PageAsked, paginated


class FlowRunPages(PageAsked, frozen=True, kw_only=True):
    """A numbered page of flow runs, the first being 1."""

    sort: FlowRunSort | None = None


class FlowRunPage(NumberedPage[FlowRunResponse], frozen=True):
    """One page of flow runs, and how many there are."""


async def filter_flow_runs(context: Context, call: Call) -> Reply:
    """A page of flow runs."""
    query = call.as_query(FlowRunQuery)
    await context.writes.are_visible()
    return answered(await _page(context, query))


async def count_flow_runs(context: Context, call: Call) -> Reply:
    """How many flow runs match."""
    query = call.as_query(FlowRunQuery)
    await context.writes.are_visible()
    return answered(await context.views.count_flow_runs(query))


async def paginate_flow_runs(context: Context, call: Call) -> Reply:
    """A numbered page of flow runs, with their count."""
    asked, count = call.as_query(FlowRunPages), context.views.count_flow_runs
    return await paginated(context, asked, FlowRunQuery, count, _page)


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
    Operation(method="POST", path="/flow_runs/filter", handler=filter_flow_runs, is_busy=True,
              summary="Read Flow Runs", tag="Flow Runs", takes=FlowRunQuery,
              gives=list[FlowRunResponse]),
    Operation(method="POST", path="/flow_runs/count", handler=count_flow_runs,
              summary="Count Flow Runs", tag="Flow Runs", takes=FlowRunQuery, gives=int),
    Operation(method="POST", path="/flow_runs/paginate", handler=paginate_flow_runs,
              summary="Paginate Flow Runs", tag="Flow Runs", takes=FlowRunPages,
              gives=FlowRunPage),
    Operation(method="POST", path="/flow_runs/history", handler=flow_run_history,
              summary="Flow Run History", tag="Flow Runs", takes=HistoryQuery,
              gives=list[HistoryBucket]),
    Operation(method="POST", path="/flow_runs/lateness", handler=flow_run_lateness,
              summary="Average Flow Run Lateness", tag="Flow Runs", takes=FlowRunQuery,
              gives=float | None),
)  # fmt: skip
