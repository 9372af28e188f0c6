"""Flows: registered by name, read by id, listed from the views."""

from events.changes import FlowRegistered
from events.entities import Flow
from events.proposals import RegisterFlow
from events.queries import FlowQuery

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, detail
from ..http.operations import Operation
from ..rendering.parts import FlowResponse, flow_response
from .bodies import FlowCreate
from .subjects import id_of


async def create_flow(context: Context, call: Call) -> Reply:
    """Register a flow, or find the one of that name: 201 or 200."""
    given = call.as_a(FlowCreate)
    answer = await context.ask(
        RegisterFlow(
            id=str(context.new_id()),
            name=given.name,
            tags=given.tags,
            labels={**(given.labels or {})},
        )
    )
    decision = answer.decided()
    flow = await context.flow(id_of(decision.subject))
    is_new = any(isinstance(change, FlowRegistered) for change in decision.changes)
    return answered(flow_response(_existing(flow)), 201 if is_new else 200)


async def read_flow(context: Context, call: Call) -> Reply:
    """The flow."""
    return answered(flow_response(_existing(await context.flow(call.id))))


async def read_flow_by_name(context: Context, call: Call) -> Reply:
    """The flow of that name."""
    return answered(flow_response(_existing(await context.flow_named(call.path("name")))))


async def filter_flows(context: Context, call: Call) -> Reply:
    """A page of flows."""
    query = call.as_query(FlowQuery)
    await context.writes.are_visible()
    return answered([flow_response(flow) for flow in await context.views.flows(query)])


async def count_flows(context: Context, call: Call) -> Reply:
    """How many flows match."""
    query = call.as_query(FlowQuery)
    await context.writes.are_visible()
    return answered(await context.views.count_flows(query))


def _existing(found: Flow | None) -> Flow:
    if found is None:
        raise detail(404, "Flow not found")
    return found


OPERATIONS = (
    Operation(method="POST", path="/flows/", handler=create_flow, summary="Create Flow",
              tag="Flows", takes=FlowCreate, gives=FlowResponse, statuses=(201, 200)),
    Operation(method="POST", path="/flows/filter", handler=filter_flows, summary="Read Flows",
              tag="Flows", takes=FlowQuery, gives=list[FlowResponse]),
    Operation(method="POST", path="/flows/count", handler=count_flows, summary="Count Flows",
              tag="Flows", takes=FlowQuery, gives=int),
    Operation(method="GET", path="/flows/name/{name}", handler=read_flow_by_name,
              summary="Read Flow By Name", tag="Flows", gives=FlowResponse),
    Operation(method="GET", path="/flows/{id:uuid}", handler=read_flow, summary="Read Flow",
              tag="Flows", gives=FlowResponse),
)  # fmt: skip
