"""The OpenAPI document: made from the operations, so that it cannot say something else."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from ..operations import Operation
from ..versions import API_VERSION

_parameter = re.compile(r"{(?P<name>\w+)(?P<kind>:\w+)?}")

UUID: dict[str, Any] = {"type": "string", "format": "uuid"}
TEXT: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}

QUERY: dict[str, dict[str, Any]] = {
    "flow_run_id": UUID,
    "task_run_id": UUID,
    "limit": COUNT,
    "offset": COUNT,
    "include_secrets": {"type": "boolean"},
}
"""What stands in the query string; whatever is not named here is text."""

ERRORS: dict[str, dict[str, Any]] = {
    "Detail": {
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": {"type": "string"}},
    },
    "ExceptionMessage": {
        "type": "object",
        "required": ["exception_message"],
        "properties": {"exception_message": {"type": "string"}},
    },
    "InvalidRequest": {
        "type": "object",
        "required": ["exception_message", "exception_detail", "request_body"],
        "properties": {
            "exception_message": {"type": "string"},
            "exception_detail": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["loc", "msg", "type"],
                    "properties": {
                        "loc": {"type": "array", "items": {"type": ["string", "integer"]}},
                        "msg": {"type": "string"},
                        "type": {"type": "string"},
                        "input": {},
                    },
                },
            },
            "request_body": {},
        },
    },
}
"""The envelopes of refusals."""

REASONS = {
    400: "Not a request that this API version serves",
    401: "Nobody is known by these credentials",
    403: "Not for this key, this address, or without a CSRF token",
    404: "It is not there",
    409: "It would contradict what is there",
    410: "It is not there any more",
    413: "The body is too large",
    422: "A field is wrong, and is named",
    423: "There is no free slot; ask again after `Retry-After` seconds",
    429: "Asked too often; ask again after `Retry-After` seconds",
    503: "Try again after `Retry-After` seconds",
}
"""The statuses of refusals, and what they mean."""

ALWAYS = (403, 422, 429)

SECURITY: dict[str, dict[str, Any]] = {
    "auth_string": {
        "type": "http",
        "scheme": "basic",
        "description": "The `user:password` of `HEADGATE_API_AUTH_STRING`.",
    },
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key that `headgate keys add NAME` has made; its scope bounds it.",
    },
}
"""How somebody says who it is; either will do, and a server may ask for neither."""


def document(operations: Sequence[Operation], title: str, prefix: str) -> dict[str, Any]:
    """The document of *operations*, whose paths are below *prefix*."""
    types = [each for one in operations for each in (one.takes, one.gives) if each is not None]
    described, schemas = msgspec.json.schema_components(
        types, ref_template="#/components/schemas/{name}"
    )
    schema_of = iter(described)
    paths: dict[str, Any] = {}
    for one in operations:
        takes = next(schema_of) if one.takes is not None else None
        gives = next(schema_of) if one.gives is not None else None
        path = _parameter.sub(r"{\g<name>}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, path, takes, gives)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": API_VERSION},
        "servers": [{"url": prefix}],
        "security": [{name: []} for name in SECURITY],
        "paths": paths,
        "components": {
            "schemas": {**schemas, **ERRORS},
            "responses": {f"Refused{status}": _refusal(status) for status in REASONS},
            "securitySchemes": SECURITY,
        },
    }


def operation_id(one: Operation) -> str:
    """The name of an operation for those who generate clients: the one that they know."""
    name = one.summary.lower().replace(" ", "_")
    path = _parameter.sub(r"{\g<name>}", one.path)
    return re.sub(r"\W", "_", f"{name}{path}") + f"_{one.method.lower()}"


def _operation(one: Operation, path: str, takes: Any, gives: Any) -> dict[str, Any]:
    schema: dict[str, Any] = {} if gives is None else gives
    content: dict[str, Any] = {one.content_type: {"schema": schema}}
    answers: dict[str, Any] = {
        str(status): {
            "description": one.summary,
            **({"content": content} if status != 204 else {}),
        }
        for status in one.statuses
    }
    refusals = {
        str(status): {"$ref": f"#/components/responses/Refused{status}"}
        for status in sorted(_refused(one))
        if str(status) not in answers
    }
    described: dict[str, Any] = {
        "tags": [one.tag],
        "summary": one.summary,
        "operationId": operation_id(one),
        "parameters": _parameters(one),
        "responses": {**answers, **refusals},
    }
    if one.is_open:
        described["security"] = []
    if takes is not None:
        described["requestBody"] = {"content": {"application/json": {"schema": takes}}}
    return described


def _refused(one: Operation) -> set[int]:
    """The statuses with which an operation may be refused."""
    found = {*ALWAYS, *one.refusals}
    if not one.is_open:
        found |= {401, 503}
    if one.is_versioned:
        found.add(400)
    if "{" in one.path:
        found.add(404)
    if one.takes is not None:
        found |= {404, 413}
    if one.scope != "read":
        found |= {404, 409}
    return found


def _refusal(status: int) -> dict[str, Any]:
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in ERRORS]
    return {
        "description": REASONS[status],
        "content": {"application/json": {"schema": {"anyOf": refs}}},
    }


def _parameters(one: Operation) -> list[dict[str, Any]]:
    version = {
        "name": "x-prefect-api-version",
        "in": "header",
        "required": False,
        "schema": TEXT,
    }
    in_path = [
        {
            "name": found["name"],
            "in": "path",
            "required": True,
            "schema": UUID if found["kind"] == ":uuid" else TEXT,
        }
        for found in _parameter.finditer(one.path)
    ]
    in_query = [
        {
            "name": name,
            "in": "query",
            "required": name in one.query,
            "schema": QUERY.get(name, TEXT),
        }
        for name in (*one.query, *one.may_ask)
    ]
    return [*in_path, *in_query, *([version] if one.is_versioned else [])]
