"""Parameters and job variables of deployments and their runs, as they were given.

Parameters are made where they say how, and checked by the schema of their deployment; job
variables are checked by what the job template of a work pool declares.
"""

from collections.abc import Mapping
from typing import Any, cast

from msgspec import json

from events.resources.work_pools import WorkPool

from ..apart import hydrated, validated
from ..values import CIRCULAR, NotHydrated, NotValid, SchemaUnusable
from ..variables import Variables
from .context import Context
from .http.errors import detail, invalid


async def made(
    variables: Variables, given: Mapping[str, Any], whose: str = "flow run"
) -> dict[str, Any]:
    """*given*, made where its values say how; raises `Refused` with a 400 that tells *whose*."""
    values = await hydrated(dict(given), await variables.named_in(dict(given)))
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


async def problem(
    values: Mapping[str, Any], schema: dict[str, Any] | None, *, is_whole: bool = True
) -> str | None:
    """Why *values* do not fit *schema*; None when they do, or there is none.

    A deployment's are not *is_whole*: a run of it may give what they lack. Raises `Refused`, with
    a 422, when the schema goes round in circles.
    """
    if not schema:
        return None
    match await validated(dict(values), schema, is_whole=is_whole):
        case NotValid(reason=reason):
            return reason
        case SchemaUnusable(reason=reason) if reason == CIRCULAR:
            raise detail(422, f"Invalid schema: {CIRCULAR}")
        case SchemaUnusable(reason=reason):
            return f"The provided schema is not a valid json schema. Schema error: {reason}"
        case None:
            return None


async def misfit(
    values: Mapping[str, Any], pool: WorkPool | None, *, is_whole: bool = True
) -> str | None:
    """Why *values* are no job variables of *pool*; None when they are, or there is no pool.

    A deployment's are not *is_whole*: a run of it may give what they lack.
    """
    schema = None if pool is None else pool.base_job_template.get("variables")
    if not isinstance(schema, dict):
        return None
    return await problem(values, _to_be_given(cast("dict[str, Any]", schema)), is_whole=is_whole)


def _to_be_given(schema: dict[str, Any]) -> dict[str, Any]:
    """*schema*, which requires nothing that has a default: that is in the template already."""
    required: Any = schema.get("required")
    properties: Any = schema.get("properties")
    if not isinstance(required, list) or not isinstance(properties, dict):
        return schema
    parts = cast("dict[str, Any]", properties)
    has_default = [
        name for name, part in parts.items() if isinstance(part, dict) and "default" in part
    ]
    names = cast("list[Any]", required)
    return {**schema, "required": [name for name in names if name not in has_default]}
