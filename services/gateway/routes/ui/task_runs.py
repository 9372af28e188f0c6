"""Task runs on a page: counted by how they stand and how they ended, and one of them."""

from msgspec import Struct, structs

from events.queries import RunFilters, TaskRunFilter, TaskRunQuery
from events.queries.criteria import utc
from events.queries.overviews import Ended
from events.queries.queries import RunPage

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, detail
from ...http.operations import Operation
from ...rendering.runs import TaskRunResponse, task_run_response
from ..task_runs.one import existing

AFTER_REQUIRED = "task_runs.start_time.after_ is required"


class DashboardAsked(RunPage, frozen=True, kw_only=True):
    """Task runs by when they started, of flow runs and flows that match."""

    task_runs: TaskRunFilter  # pyright: ignore[reportGeneralTypeIssues] - here it must be given


class CountsByState(Struct, frozen=True, kw_only=True):
    """How many task runs are in a state of each type."""

    COMPLETED: int = 0
    PENDING: int = 0
    RUNNING: int = 0
    FAILED: int = 0
    CANCELLED: int = 0
    CRASHED: int = 0
    PAUSED: int = 0
    CANCELLING: int = 0
    SCHEDULED: int = 0


class NamedTaskRun(TaskRunResponse, frozen=True, kw_only=True):
    """A task run, and what its flow run is called."""

    flow_run_name: str | None


async def read_dashboard_task_run_counts(context: Context, call: Call) -> Reply:
    """How task runs ended, in equal parts of the time when they started, the oldest first."""
    asked = call.as_a(DashboardAsked)
    started = asked.task_runs.start_time
    if started is None or started.after_ is None:
        raise detail(422, AFTER_REQUIRED)
    end = context.now() if started.before_ is None else utc(started.before_)
    await context.writes.are_visible()
    query = TaskRunQuery(**structs.asdict(asked))
    return answered(await context.views.ended_task_runs(query, utc(started.after_), end))


async def read_task_run_counts_by_state(context: Context, call: Call) -> Reply:
    """How many task runs of flow runs match, by the type of their state."""
    asked = call.as_query(RunFilters)
    await context.writes.are_visible()
    counts = await context.views.count_task_runs_by_state(TaskRunQuery(**structs.asdict(asked)))
    return answered(CountsByState(**{type.value: count for type, count in counts.items()}))


async def read_task_run_with_flow_run_name(context: Context, call: Call) -> Reply:
    """The task run as of its last decision, with the name of its flow run."""
    run = existing(await context.task_run(call.id))
    of_run = run.attributes.flow_run_id
    flow_run = None if of_run is None else await context.flow_run(of_run)
    name = None if flow_run is None else flow_run.attributes.name
    shown = task_run_response(run, context.now())
    return answered(NamedTaskRun(**structs.asdict(shown), flow_run_name=name))


OPERATIONS = (
    Operation(method="POST", path="/ui/task_runs/dashboard/counts",
              handler=read_dashboard_task_run_counts, summary="Read Dashboard Task Run Counts",
              tag="UI", takes=DashboardAsked, gives=list[Ended]),
    Operation(method="POST", path="/ui/task_runs/count", handler=read_task_run_counts_by_state,
              summary="Read Task Run Counts By State", tag="UI", takes=RunFilters,
              gives=CountsByState),
    Operation(method="GET", path="/ui/task_runs/{id:uuid}",
              handler=read_task_run_with_flow_run_name,
              summary="Read Task Run With Flow Run Name", tag="UI", gives=NamedTaskRun),
)  # fmt: skip
