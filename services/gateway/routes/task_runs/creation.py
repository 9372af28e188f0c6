"""Creation of task runs: placeholders of subflows, and background tasks; found again by key."""

from typing import Any

from msgspec import to_builtins

from events.changes import TaskRunCreated
from events.identity import task_run_id_of
from events.proposals import CreateTaskRun

from ...context import Context
from ...http.calls import Call
from ...http.errors import CONFLICT, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.runs import TaskRunResponse, task_run_response
from ..bodies import TaskRunCreate
from .one import existing


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
        task_inputs=to_builtins(given.task_inputs),
        tags=given.tags,
        labels=await _labels(context, given),
    )
    decision = (await context.ask(proposal)).decided()
    id = decision.subject_id
    context.task_run_lives(id, context.streams.of(proposal))
    is_new = any(isinstance(change, TaskRunCreated) for change in decision.changes)
    run = existing(await context.task_run(id))
    return answered(task_run_response(run, context.now()), 201 if is_new else 200)


async def _labels(context: Context, given: TaskRunCreate) -> dict[str, Any]:
    """The flow run's labels, whose task run it is, and the client's; later ones win."""
    if given.flow_run_id is None:
        return {**(given.labels or {})}
    flow_run = await context.flow_run(given.flow_run_id)
    if flow_run is None:
        raise detail(409, CONFLICT)
    ours = {"prefect.flow-run.id": str(given.flow_run_id)}
    return {**flow_run.attributes.labels, **ours, **(given.labels or {})}


OPERATIONS = (
    Operation(method="POST", path="/task_runs/", handler=create_task_run,
              summary="Create Task Run", tag="Task Runs", takes=TaskRunCreate,
              gives=TaskRunResponse, statuses=(201, 200)),
)  # fmt: skip
