"""Parameters of deployments and their runs: made of what was given, and checked by the schema."""

from collections.abc import Mapping
from typing import Any

from msgspec import json

from ..values import NotHydrated, NotValid, SchemaUnusable, hydrated, validated
from ..variables import Variables
from .context import Context
from .http.errors import detail, invalid


async def made(
    variables: Variables, given: Mapping[str, Any], whose: str = "flow run"
) -> dict[str, Any]:
    """*given*, made where its values say how; raises `Refused` with a 400 that tells *whose*."""
    values = hydrated(dict(given), await variables.named_in(dict(given)))
    if isinstance(values, NotHydrated):
        raise detail(400, f"Error hydrating {whose} parameters: {values.reason}")
    return values


def bound(context: Context, values: Mapping[str, Any]) -> None:
    """Raise `Refused`, with a 422, when *values* are larger than parameters may be."""
    most = context.limits.parameters_bytes_max
    size = len(json.encode(values))
    if size > most:
        raise invalid(
            f"Value error, Flow run parameters must be less than {most:,} bytes when serialized"
            f" (got {size:,} bytes)",
            "body",
            "parameters",
        )


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
