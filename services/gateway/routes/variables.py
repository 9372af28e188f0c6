"""Variables: created, found by name or id, changed, listed and deleted."""

import re
from functools import partial
from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType, json, structs

from events.given import given_fields
from events.queries import VariableQuery
from events.resources.variables import Variable

from ..context import Context
from ..http.calls import Call
from ..http.errors import CONFLICT, NO_CONTENT, Reply, answered, detail, invalid
from ..http.operations import Operation
from ..rendering.variables import VariableResponse, variable_response
from ..resources import amend, counted, existing, listed, removed, store
from .bodies import Body

VALUE_MAX = 5_000
"""Characters of a value, as JSON."""

_plain = re.compile(r"[a-z0-9_-]+")

VariableName = Annotated[str, Meta(max_length=255)]


class VariableCreate(Body, frozen=True, kw_only=True):
    """A variable to create."""

    name: VariableName
    value: Any
    tags: list[str] = []


class VariableUpdate(Body, frozen=True, kw_only=True):
    """What of a variable to change; what is absent stays."""

    name: VariableName | None | UnsetType = UNSET
    value: Any = UNSET
    tags: list[str] | None | UnsetType = UNSET


async def create_variable(context: Context, call: Call) -> Reply:
    """Create a variable."""
    given = call.as_a(VariableCreate)
    _check(given.name, given.value)
    made = Variable(id=context.new_id(), **structs.asdict(given))
    exists = f"A variable with the name '{given.name}' already exists."
    variable, status = await store(context, made, exists=exists)
    return answered(variable_response(variable), status)


async def read_variable(context: Context, call: Call) -> Reply:
    """A variable."""
    return answered(variable_response(await existing(context, Variable, call.id)))


async def read_variable_by_name(context: Context, call: Call) -> Reply:
    """A variable by its name."""
    return answered(variable_response(await existing(context, Variable, name=call.path("name"))))


async def filter_variables(context: Context, call: Call) -> Reply:
    """A page of variables."""
    found = await listed(context, Variable, call.as_query(VariableQuery))
    return answered([variable_response(one) for one in found])


async def count_variables(context: Context, call: Call) -> Reply:
    """How many variables match."""
    return answered(await counted(context, call.as_query(VariableQuery)))


async def update_variable(context: Context, call: Call) -> Reply:
    """Change a variable."""
    return await _update(context, await existing(context, Variable, call.id), call)


async def update_variable_by_name(context: Context, call: Call) -> Reply:
    """Change a variable found by its name."""
    return await _update(context, await existing(context, Variable, name=call.path("name")), call)


async def _update(context: Context, variable: Variable, call: Call) -> Reply:
    given = call.as_a(VariableUpdate)
    _check(given.name, given.value)
    if given.name is None or given.tags is None:
        raise detail(409, CONFLICT)
    await amend(context, Variable, variable.id, given_fields(given))
    return NO_CONTENT


async def delete_variable(context: Context, call: Call) -> Reply:
    """Forget a variable."""
    return await removed(context, Variable, call.id)


async def delete_variable_by_name(context: Context, call: Call) -> Reply:
    """Forget a variable found by its name."""
    return await removed(context, Variable, name=call.path("name"))


def _check(name: object, value: object) -> None:
    if isinstance(name, str) and not _plain.fullmatch(name):
        raise invalid(
            "Value error, Variable name must only contain lowercase letters, numbers, and dashes"
            " or underscores.",
            "body",
            "name",
        )
    if value is not UNSET and len(json.encode(value).decode()) > VALUE_MAX:
        raise invalid(
            f"Value error, Variable value must be less than {VALUE_MAX} characters",
            "body",
            "value",
        )


_operation = partial(Operation, tag="Variables")
BY_ID, BY_NAME = "/variables/{id:uuid}", "/variables/name/{name}"

OPERATIONS = (
    _operation(method="POST", path="/variables/", handler=create_variable,
               summary="Create Variable", takes=VariableCreate, gives=VariableResponse,
               statuses=(201,)),
    _operation(method="POST", path="/variables/filter", handler=filter_variables,
               summary="Read Variables", takes=VariableQuery, gives=list[VariableResponse]),
    _operation(method="POST", path="/variables/count", handler=count_variables,
               summary="Count Variables", takes=VariableQuery, gives=int),
    _operation(method="GET", path=BY_NAME, handler=read_variable_by_name,
               summary="Read Variable By Name", gives=VariableResponse),
    _operation(method="PATCH", path=BY_NAME, handler=update_variable_by_name,
               summary="Update Variable By Name", takes=VariableUpdate, statuses=(204,)),
    _operation(method="DELETE", path=BY_NAME, handler=delete_variable_by_name,
               summary="Delete Variable By Name", statuses=(204,)),
    _operation(method="GET", path=BY_ID, handler=read_variable, summary="Read Variable",
               gives=VariableResponse),
    _operation(method="PATCH", path=BY_ID, handler=update_variable, summary="Update Variable",
               takes=VariableUpdate, statuses=(204,)),
    _operation(method="DELETE", path=BY_ID, handler=delete_variable, summary="Delete Variable",
               statuses=(204,)),
)  # fmt: skip
