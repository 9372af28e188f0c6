"""One flow: registered by name, read, tagged and deleted."""

from msgspec import UNSET, UnsetType

from events.changes import FlowRegistered
from events.entities import Flow
from events.proposals import AmendFlow, RegisterFlow

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.parts import FlowResponse, flow_response
from ..bodies import Body, FlowCreate
from .deletion import delete


class FlowUpdate(Body, frozen=True, kw_only=True):
    """What of a flow to change; what is absent stays."""

    tags: list[str] | UnsetType = UNSET


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
    flow = await context.flow(decision.subject_id)
    is_new = any(isinstance(change, FlowRegistered) for change in decision.changes)
    return answered(flow_response(_existing(flow)), 201 if is_new else 200)


async def read_flow(context: Context, call: Call) -> Reply:
    """The flow."""
    return answered(flow_response(_existing(await context.flow(call.id))))


async def read_flow_by_name(context: Context, call: Call) -> Reply:
    """The flow of that name."""
    return answered(flow_response(_existing(await context.flow_named(call.path("name")))))


async def update_flow(context: Context, call: Call) -> Reply:
    """Give a flow other tags."""
    given = call.as_a(FlowUpdate)
    flow = _existing(await context.flow(call.id))
    if given.tags is not UNSET:
        proposal = AmendFlow(
            id=str(context.new_id()), at=context.now(), flow_id=flow.id, tags=given.tags
        )
        await context.ask(proposal)
    return NO_CONTENT


async def delete_flow(context: Context, call: Call) -> Reply:
    """Forget a flow, its runs and its deployments."""
    await delete(context, _existing(await context.flow(call.id)).id)
    return NO_CONTENT


def _existing(found: Flow | None) -> Flow:
    if found is None:
        raise detail(404, "Flow not found")
    return found


OPERATIONS = (
    Operation(method="POST", path="/flows/", handler=create_flow, summary="Create Flow",
              tag="Flows", takes=FlowCreate, gives=FlowResponse, statuses=(201, 200)),
    Operation(method="GET", path="/flows/name/{name}", handler=read_flow_by_name,
              summary="Read Flow By Name", tag="Flows", gives=FlowResponse),
    Operation(method="GET", path="/flows/{id:uuid}", handler=read_flow, summary="Read Flow",
              tag="Flows", gives=FlowResponse),
    Operation(method="PATCH", path="/flows/{id:uuid}", handler=update_flow,
              summary="Update Flow", tag="Flows", takes=FlowUpdate, statuses=(204,)),
    Operation(method="DELETE", path="/flows/{id:uuid}", handler=delete_flow,
              summary="Delete Flow", tag="Flows", statuses=(204,)),
)  # fmt: skip
