"""Task runs: placeholders of subflows are created here; engines record theirs by events."""

from typing import Any
from uuid import UUID

from events.changes import TaskRunCreated
from events.identity import task_run_id_of
from events.proposals import CreateTaskRun
from events.queries import TaskRunQuery

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, detail
from ..http.operations import Operation
from ..rendering.runs import TaskRunResponse, task_run_response
from .bodies import TaskRunCreate
from .flow_run_creation import CONFLICT
from .subjects import id_of


async def create_task_run(context: Context, call: Call) -> Reply:
    """Create a task run, or find the one of that natural key: 201 or 200."""
    given = call.as_a(TaskRunCreate)
    id = given.id or task_run_id_of(given.flow_run_id, given.task_key, given.dynamic_key)
    proposal = CreateTaskRun(
        id=str(context.new_id()),
        at=context.now(),
        flow_run_id=given.flow_run_id,
        task_run_id=id,
        task_key=given.task_key,
        dynamic_key=given.dynamic_key,
        name=given.name or None,
        state=given.state,
        cache_key=given.cache_key,
        cache_expiration=given.cache_expiration,
        task_version=given.task_version,
        empirical_policy=given.empirical_policy,
        task_inputs=given.task_inputs,
        tags=given.tags,
        labels=await _labels(context, given),
    )
    decision = (await context.ask(proposal)).decided()
    id = id_of(decision.subject)
    context.task_run_lives(id, context.streams.of(proposal))
    is_new = any(isinstance(change, TaskRunCreated) for change in decision.changes)
    return await _read(context, id, 201 if is_new else 200)


async def _labels(context: Context, given: TaskRunCreate) -> dict[str, Any]:
    """The flow run's labels, whose task run it is, and the client's; later ones win."""
    if given.flow_run_id is None:
        return {**(given.labels or {})}
    flow_run = await context.flow_run(given.flow_run_id)
    if flow_run is None:
        raise detail(409, CONFLICT)
    ours = {"prefect.flow-run.id": str(given.flow_run_id)}
    return {**flow_run.attributes.labels, **ours, **(given.labels or {})}


async def read_task_run(context: Context, call: Call) -> Reply:
    """The task run as of its last decision."""
    return await _read(context, call.id, 200)


async def _read(context: Context, id: UUID, status: int) -> Reply:
    run = await context.task_run(id)
    if run is None:
        raise detail(404, "Task not found")
    return answered(task_run_response(run, context.now()), status)


async def filter_task_runs(context: Context, call: Call) -> Reply:
    """A page of task runs."""
    query = call.as_query(TaskRunQuery)
    await context.writes.are_visible()
    runs, now = await context.views.task_runs(query), context.now()
    return answered([task_run_response(run, now) for run in runs])


async def count_task_runs(context: Context, call: Call) -> Reply:
    """How many task runs match."""
    query = call.as_query(TaskRunQuery)
    await context.writes.are_visible()
    return answered(await context.views.count_task_runs(query))


OPERATIONS = (
    Operation(method="POST", path="/task_runs/", handler=create_task_run,
              summary="Create Task Run", tag="Task Runs", takes=TaskRunCreate,
              gives=TaskRunResponse, statuses=(201, 200)),
    Operation(method="POST", path="/task_runs/filter", handler=filter_task_runs,
              summary="Read Task Runs", tag="Task Runs", takes=TaskRunQuery,
              gives=list[TaskRunResponse]),
    Operation(method="POST", path="/task_runs/count", handler=count_task_runs,
              summary="Count Task Runs", tag="Task Runs", takes=TaskRunQuery, gives=int),
    Operation(method="GET", path="/task_runs/{id:uuid}", handler=read_task_run,
              summary="Read Task Run", tag="Task Runs", gives=TaskRunResponse),
)  # fmt: skip
