"""Values of a form: all that is wrong with them, each where it is."""

from typing import Any

from msgspec import Struct

from ....apart import problems
from ....values import Problem, SchemaUnusable
from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, detail
from ...http.operations import Operation


class Form(Struct, frozen=True):
    """Values, and the schema that they are to fit."""

    schema: dict[str, Any]
    values: dict[str, Any]


class Validity(Struct, frozen=True):
    """What is wrong, if anything."""

    errors: list[Problem]
    valid: bool


async def validate_obj(context: Context, call: Call) -> Reply:
    """What is wrong with values; those that say how they are made are made first."""
    form = call.as_a(Form)
    variables = await context.variables.named_in(form.values)
    found = await problems(form.values, form.schema, variables)
    if isinstance(found, SchemaUnusable):
        raise detail(422, f"Invalid schema: {found.reason}")
    return answered(Validity(found, not found))


OPERATIONS = (
    Operation(method="POST", path="/ui/schemas/validate", handler=validate_obj,
              summary="Validate Obj", tag="UI", takes=Form, gives=Validity),
)  # fmt: skip
