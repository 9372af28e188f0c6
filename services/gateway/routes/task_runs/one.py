"""Task runs, one at a time: read, renamed, deleted, and proposed states for.

Where a task run lives its id does not say: it is looked up, and what is proposed names its flow
run.
"""

from msgspec import UNSET

from events.entities import TaskRun
from events.proposals import AmendTaskRun, DeleteTaskRun, ProposeTaskRunState
from events.slugs import slug_of
from events.wire.replies import Answer

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail, failed
from ...http.operations import Operation
from ...rendering.runs import TaskRunResponse, task_run_response
from ..bodies import SetState, TaskRunUpdate
from ..orchestration import OrchestrationResult, orchestrated, proposal_id


def existing(found: TaskRun | None) -> TaskRun:
    """*found*, or the 404 of a task run."""
    if found is None:
        raise detail(404, "Task not found")
    return found


async def read_task_run(context: Context, call: Call) -> Reply:
    """The task run as of its last decision."""
    run = existing(await context.task_run(call.id))
    return answered(task_run_response(run, context.now()))


async def set_state(context: Context, call: Call) -> Reply:
    """Propose a state: 201 when a state was entered, 200 when the run stays where it is."""
    given = call.as_a(SetState)
    run = await context.task_run(call.id)
    if run is None:
        raise failed(404, f"Task run with id {call.id} not found")
    proposal = ProposeTaskRunState(
        id=proposal_id(context, given.state, call.id.bytes + call.body),
        at=context.now(),
        task_run_id=call.id,
        flow_run_id=run.attributes.flow_run_id,
        state=given.state,
        force=bool(given.force),
        api_version=call.api_version,
    )
    return orchestrated(await context.ask(proposal), given.state.data)


async def update_task_run(context: Context, call: Call) -> Reply:
    """Rename a task run."""
    given = call.as_a(TaskRunUpdate)
    run = await context.task_run(call.id)
    if run is None:
        raise detail(404, "Task run not found")
    await context.ask(
        AmendTaskRun(
            id=str(context.new_id()),
            at=context.now(),
            task_run_id=call.id,
            flow_run_id=run.attributes.flow_run_id,
            # no name is a new one
            name=given.name if given.name is UNSET else given.name or slug_of(context.new_id()),
        )
    )
    return NO_CONTENT


async def delete_task_run(context: Context, call: Call) -> Reply:
    """Forget a task run, with its states and logs."""
    run = existing(await context.task_run(call.id))
    answer = await context.propose(
        DeleteTaskRun(
            id=str(context.new_id()),
            at=context.now(),
            task_run_id=call.id,
            flow_run_id=run.attributes.flow_run_id,
        )
    )
    return NO_CONTENT if isinstance(answer, Answer) else detail(404, "Task not found").reply


OPERATIONS = (
    Operation(method="GET", path="/task_runs/{id:uuid}", handler=read_task_run,
              summary="Read Task Run", tag="Task Runs", gives=TaskRunResponse),
    Operation(method="POST", path="/task_runs/{id:uuid}/set_state", handler=set_state,
              summary="Set Task Run State", tag="Task Runs", takes=SetState,
              gives=OrchestrationResult, statuses=(201, 200)),
    Operation(method="PATCH", path="/task_runs/{id:uuid}", handler=update_task_run,
              summary="Update Task Run", tag="Task Runs", takes=TaskRunUpdate, statuses=(204,)),
    Operation(method="DELETE", path="/task_runs/{id:uuid}", handler=delete_task_run,
              summary="Delete Task Run", tag="Task Runs", statuses=(204,)),
)  # fmt: skip
