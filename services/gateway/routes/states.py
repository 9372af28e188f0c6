"""The states that runs have been in, from the views."""

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, detail
from ..http.operations import Operation
from ..rendering.parts import StateResponse, state_response


async def flow_run_states(context: Context, call: Call) -> Reply:
    """The states of one flow run, oldest first."""
    id = call.query_id("flow_run_id")
    await context.writes.are_visible()
    return answered([state_response(one) for one in await context.views.flow_run_states(id)])


async def flow_run_state(context: Context, call: Call) -> Reply:
    """One state of a flow run."""
    await context.writes.are_visible()
    state = await context.views.flow_run_state(call.id)
    if state is None:
        raise detail(404, "Flow run state not found")
    return answered(state_response(state))


async def task_run_states(context: Context, call: Call) -> Reply:
    """The states of one task run, oldest first."""
    id = call.query_id("task_run_id")
    await context.writes.are_visible()
    return answered([state_response(one) for one in await context.views.task_run_states(id)])


async def task_run_state(context: Context, call: Call) -> Reply:
    """One state of a task run."""
    await context.writes.are_visible()
    state = await context.views.task_run_state(call.id)
    if state is None:
        raise detail(404, "Flow run state not found")
    return answered(state_response(state))


OPERATIONS = (
    Operation(method="GET", path="/flow_run_states/", handler=flow_run_states,
              summary="Read Flow Run States", tag="Flow Run States",
              gives=list[StateResponse], query=("flow_run_id",)),
    Operation(method="GET", path="/flow_run_states/{id:uuid}", handler=flow_run_state,
              summary="Read Flow Run State", tag="Flow Run States", gives=StateResponse),
    Operation(method="GET", path="/task_run_states/", handler=task_run_states,
              summary="Read Task Run States", tag="Task Run States",
              gives=list[StateResponse], query=("task_run_id",)),
    Operation(method="GET", path="/task_run_states/{id:uuid}", handler=task_run_state,
              summary="Read Task Run State", tag="Task Run States", gives=StateResponse),
)  # fmt: skip
