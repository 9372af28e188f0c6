"""Task runs, many at a time: pages, counts and history, from the views."""

from events.queries import HistoryBucket, HistoryQuery, TaskRunQuery, TaskRunSort

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.runs import TaskRunResponse, task_run_response
from ..pages import NumberedPage, PageAsked, lists


class TaskRunPages(PageAsked, frozen=True, kw_only=True):
    """A numbered page of task runs, the first being 1."""

    sort: TaskRunSort | None = None


class TaskRunPage(NumberedPage[TaskRunResponse], frozen=True):
    """One page of task runs, and how many there are."""


async def task_run_history(context: Context, call: Call) -> Reply:
    """Task runs counted in buckets of expected start time."""
    query = call.as_a(HistoryQuery)
    await context.writes.are_visible()
    return answered(await context.views.task_run_history(query, context.now()))


async def _page(context: Context, query: TaskRunQuery) -> list[TaskRunResponse]:
    runs, now = await context.views.task_runs(query), context.now()
    return [task_run_response(run, now) for run in runs]


OPERATIONS = (
    *lists("Task Runs", TaskRunQuery, TaskRunPages, TaskRunResponse, TaskRunPage, _page,
           lambda views: views.count_task_runs),
    Operation(method="POST", path="/task_runs/history", handler=task_run_history,
              summary="Task Run History", tag="Task Runs", takes=HistoryQuery,
              gives=list[HistoryBucket]),
)  # fmt: skip
