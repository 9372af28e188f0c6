"""The states that runs have been in, from the views."""

from typing import get_args

from events.queries.overviews import ObservedQuery, ObservedSort, ObservedState

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, detail, invalid
from ..http.operations import Operation
from ..rendering.parts import StateResponse, state_response

SORTS: tuple[ObservedSort, ...] = get_args(ObservedSort)
KINDS_MAX = 200
QUERY_CHARACTERS_MAX = 100


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


async def read_observed_states(context: Context, call: Call) -> Reply:
    """Which states runs have been in, found by how their names or types begin."""
    beginning, sort = call.query("query") or "", call.query("order_by") or "LAST_SEEN_DESC"
    limit = call.query_count("limit", KINDS_MAX)
    if len(beginning) > QUERY_CHARACTERS_MAX:
        most = f"String should have at most {QUERY_CHARACTERS_MAX} characters"
        raise invalid(most, "query", "query", kind="string_too_long")
    if sort not in SORTS:
        raise invalid(f"Input should be {' or '.join(map(repr, SORTS))}", "query", "order_by")
    if limit == 0:
        raise invalid("Input should be greater than or equal to 1", "query", "limit")
    query = ObservedQuery(beginning=beginning, sort=sort, limit=limit or KINDS_MAX)
    await context.writes.are_visible()
    return answered(await context.views.observed_states(query))


OPERATIONS = (
    Operation(method="GET", path="/flow_run_states/", handler=flow_run_states,
              summary="Read Flow Run States", tag="Flow Run States",
              gives=list[StateResponse], query=("flow_run_id",)),
    Operation(method="GET", path="/flow_run_states/{id:uuid}", handler=flow_run_state,
              summary="Read Flow Run State", tag="Flow Run States", gives=StateResponse),
    Operation(method="GET", path="/observed-states", handler=read_observed_states,
              summary="Read Observed States", tag="Observed States", gives=list[ObservedState],
              may_ask=("query", "order_by", "limit")),
    Operation(method="GET", path="/task_run_states/", handler=task_run_states,
              summary="Read Task Run States", tag="Task Run States",
              gives=list[StateResponse], query=("task_run_id",)),
    Operation(method="GET", path="/task_run_states/{id:uuid}", handler=task_run_state,
              summary="Read Task Run State", tag="Task Run States", gives=StateResponse),
)  # fmt: skip
