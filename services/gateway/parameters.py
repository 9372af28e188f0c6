"""Parameters of deployments and their runs: made of what was given, and checked by the schema."""

from collections.abc import Mapping
from typing import Any

from ..values import NotHydrated, NotValid, SchemaUnusable, hydrated, validated
from ..variables import Variables
from .http.errors import detail


async def made(variables: Variables, given: Mapping[str, Any]) -> dict[str, Any]:
    """*given*, its values made where they say how; raises `Refused` with a 400."""
    values = hydrated(dict(given), await variables.named_in(dict(given)))
    if isinstance(values, NotHydrated):
        raise detail(400, f"Error hydrating flow run parameters: {values.reason}")
    return values


def problem(
    values: Mapping[str, Any], schema: dict[str, Any] | None, *, is_whole: bool = True
) -> str | None:
    """Why *values* do not fit *schema*; None when they do, or there is none.

    A deployment's are not *is_whole*: a run of it may give what they lack.
    """
    if not schema:
        return None
    match validated(dict(values), schema, is_whole=is_whole):
        case NotValid(reason=reason):
            return reason
        case SchemaUnusable(reason=reason):
            return f"The provided schema is not a valid json schema. Schema error: {reason}"
        case None:
            return None
