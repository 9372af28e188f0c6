"""Inputs of flow runs: text by key, unique for each run, in the order in which they came."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from events.decisions import Outcome
from events.entities import FlowRunInput
from events.instants import Instant
from events.proposals import DeleteInput, InputKey, StoreInput

from ...context import Context, existing
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail
from ...http.operations import Operation

TEXT = b"text/plain; charset=utf-8"


class InputCreate(Struct, frozen=True, kw_only=True):
    """An input to store."""

    key: InputKey
    value: str
    sender: str | None = None


class InputQuery(Struct, frozen=True, kw_only=True):
    """Inputs whose keys begin so, and are none of these; the first so many."""

    prefix: str
    limit: Annotated[int, Meta(ge=0)] | None = None
    exclude_keys: list[str] | None = None


class InputResponse(Struct, frozen=True):
    """An input, as clients read it."""

    id: UUID
    created: Instant
    updated: Instant
    flow_run_id: UUID
    key: str
    value: str
    sender: str | None


async def create_input(context: Context, call: Call) -> Reply:
    """Give a flow run an input; a key that it has one under conflicts."""
    given = call.as_a(InputCreate)
    existing(await context.flow_run(call.id))
    answer = await context.ask(
        StoreInput(
            id=str(context.new_id()),
            at=context.now(),
            flow_run_id=call.id,
            key=given.key,
            value=given.value,
            sender=given.sender,
        )
    )
    if answer.outcome is not Outcome.ACCEPT:
        raise detail(409, "A flow run input with this key already exists.")
    return answered(None, 201)


async def filter_inputs(context: Context, call: Call) -> Reply:
    """The first inputs whose keys match."""
    query = call.as_a(InputQuery)
    unwanted = set(query.exclude_keys or ())
    keys = [
        key
        for key in await context.inputs.keys(call.id)
        if key.startswith(query.prefix) and key not in unwanted
    ]
    limit = 1 if query.limit is None else query.limit
    found = await context.inputs.read(call.id, keys[:limit])
    return answered([_response(each) for each in found])


async def read_input(context: Context, call: Call) -> Reply:
    """The text of an input, as it was given."""
    found = await context.inputs.read(call.id, [call.path("key")])
    if not found:
        raise detail(404, "Flow run input not found")
    return Reply(200, found[0].value.encode(), content_type=TEXT)


async def delete_input(context: Context, call: Call) -> Reply:
    """Take an input from a flow run."""
    key = call.path("key")
    if not await context.inputs.read(call.id, [key]):
        raise detail(404, "Flow run input not found")
    proposal = DeleteInput(id=str(context.new_id()), at=context.now(), flow_run_id=call.id, key=key)
    answer = await context.ask(proposal)
    if answer.outcome is not Outcome.ACCEPT:
        raise detail(404, "Flow run input not found")
    return NO_CONTENT


def _response(input: FlowRunInput) -> InputResponse:
    return InputResponse(
        input.id,
        input.created,
        input.created,
        input.flow_run_id,
        input.key,
        input.value,
        input.sender,
    )


OPERATIONS = (
    Operation(method="POST", path="/flow_runs/{id:uuid}/input", handler=create_input,
              summary="Create Flow Run Input", tag="Flow Runs", takes=InputCreate,
              statuses=(201,)),
    Operation(method="POST", path="/flow_runs/{id:uuid}/input/filter", handler=filter_inputs,
              summary="Filter Flow Run Input", tag="Flow Runs", takes=InputQuery,
              gives=list[InputResponse]),
    Operation(method="GET", path="/flow_runs/{id:uuid}/input/{key}", handler=read_input,
              summary="Read Flow Run Input", tag="Flow Runs", gives=str, content_type="text/plain"),
    Operation(method="DELETE", path="/flow_runs/{id:uuid}/input/{key}", handler=delete_input,
              summary="Delete Flow Run Input", tag="Flow Runs", statuses=(204,)),
)  # fmt: skip
