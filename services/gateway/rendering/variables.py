"""Variables as clients read them."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from events.instants import Instant
from events.resources.variables import Variable


class VariableResponse(Struct, frozen=True, kw_only=True):
    """A variable."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    value: Any
    tags: list[str]


def variable_response(variable: Variable) -> VariableResponse:
    """*variable* as clients read it."""
    return VariableResponse(
        id=variable.id,
        created=variable.created,
        updated=variable.updated,
        name=variable.name,
        value=variable.value,
        tags=variable.tags,
    )
