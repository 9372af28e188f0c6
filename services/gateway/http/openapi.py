"""The OpenAPI document: made from the operations, so that it cannot say something else."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from .operations import Operation

_parameter = re.compile(r"{(?P<name>\w+)(?P<kind>:\w+)?}")

INVALID: dict[str, Any] = {
    "type": "object",
    "required": ["exception_message"],
    "properties": {
        "exception_message": {"type": "string"},
        "exception_detail": {"type": "array", "items": {"type": "object"}},
        "request_body": {},
    },
}


def paths_and_schemas(
    operations: Sequence[Operation], prefix: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The `paths` and the `components.schemas` of *operations* below *prefix*."""
    types = [each for one in operations for each in (one.takes, one.gives) if each is not None]
    described, schemas = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    schema_of = iter(described)
    paths: dict[str, Any] = {}
    for one in operations:
        takes = next(schema_of) if one.takes is not None else None
        gives = next(schema_of) if one.gives is not None else None
        path = prefix + _parameter.sub(r"{\g<name>}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, path, takes, gives)
    return paths, {**schemas, "InvalidRequest": INVALID}


def _operation(one: Operation, path: str, takes: Any, gives: Any) -> dict[str, Any]:
    content: dict[str, Any] = {"application/json": {"schema": {} if gives is None else gives}}
    described: dict[str, Any] = {
        "tags": [one.tag],
        "summary": one.summary,
        "operationId": re.sub(r"\W+", "_", f"{one.handler.__name__}{path}_{one.method.lower()}"),
        "parameters": _parameters(one),
        "responses": {
            str(status): {
                "description": one.summary,
                **({"content": content} if status != 204 else {}),
            }
            for status in one.statuses
        },
    }
    described["responses"]["422"] = {
        "description": "Validation Error",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/InvalidRequest"}}
        },
    }
    if takes is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": takes}}}
    return described


def _parameters(one: Operation) -> list[dict[str, Any]]:
    version = {
        "name": "x-prefect-api-version",
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
    }
    in_path = [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": {"type": "string"} | ({"format": "uuid"} if found["kind"] == ":uuid" else {}),
        }
        for found in _parameter.finditer(one.path)
    ]
    in_query = [
        {"name": name, "in": "query", "required": name in one.query, "schema": {"type": "string"}}
        for name in (*one.query, *one.may_ask)
    ]
    return [*in_path, *in_query, *([version] if one.is_versioned else [])]
