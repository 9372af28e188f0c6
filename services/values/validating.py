"""Validating: a value fits a JSON schema, or it is said in words where it does not.

Schemas are those of pydantic's models: what a property may leave out may also be null, unless it
has a default. References lead to other parts of the schema and never out of it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, cast

from jsonschema import Draft202012Validator, exceptions
from jsonschema.exceptions import SchemaError, ValidationError
from msgspec import json
from referencing import Registry
from referencing.exceptions import Unresolvable

from .said import CIRCULAR, NotValid, SchemaUnusable

T = TypeVar("T")

KNOWN_MAX = 64
KNOWN_BYTES_MAX = 64 * 1024
"""So many schemas, none larger, are known: to read one takes far longer than to check a value."""


def validated(
    value: Any, schema: Any, *, is_whole: bool = True
) -> NotValid | SchemaUnusable | None:
    """Why *value* does not fit *schema*; None when it does.

    What is not *is_whole* may lack what the schema requires: the rest comes later.
    """

    def first(validator: Any) -> ValidationError | None:
        return cast(Any, exceptions).best_match(validator.iter_errors(value))

    try:
        found = checked(schema, first, is_whole=is_whole)
    except Unresolvable as error:
        return NotValid(f"Validation failed. Failure reason: {error}")
    if isinstance(found, SchemaUnusable):
        return found
    return None if found is None else NotValid(_shown(found))


def checked(schema: Any, check: Callable[[Any], T], *, is_whole: bool = True) -> T | SchemaUnusable:
    """What *check* makes of a validator of *schema*; `Unresolvable` when that refers to nothing.

    The validator of what is not *is_whole* misses nothing, however deep; but alternatives that are
    written in a list, and no references, are told apart by what they require.
    """
    if not isinstance(schema, dict):
        return SchemaUnusable("it is no object")
    try:
        written = json.encode(schema)
        is_known = len(written) <= KNOWN_BYTES_MAX
        validator = _known(written, is_whole) if is_known else _validator(written, is_whole)
        return check(validator)
    except SchemaError as error:
        return SchemaUnusable(error.message)
    except RecursionError:
        return SchemaUnusable(CIRCULAR)


def _validator(schema: bytes, is_whole: bool) -> Any:
    prepared = _prepared(json.decode(schema), is_whole)
    Draft202012Validator.check_schema(prepared)
    return Draft202012Validator(prepared, registry=Registry())


_known = lru_cache(KNOWN_MAX)(_validator)


def _shown(error: ValidationError) -> str:
    path = error.json_path.removeprefix("$").removeprefix(".")
    where = f" for field {path!r}" if path else ""
    return f"Validation failed{where}. Failure reason: {error.message}"


def _prepared(schema: dict[str, Any], is_whole: bool) -> dict[str, Any]:
    """*schema* as the present draft writes what older ones and pydantic's models mean."""
    prepared = {key: _inside(key, part, is_whole) for key, part in schema.items()}
    if isinstance(prepared.get("items"), list):
        prepared["prefixItems"] = prepared.pop("items")
    properties, required = prepared.get("properties"), prepared.get("required", ())
    if isinstance(properties, dict):
        given = cast("dict[str, Any]", properties)
        prepared["properties"] = {
            name: part if name in required else _nullable(part) for name, part in given.items()
        }
    if not is_whole and isinstance(required, list):
        del prepared["required"]
    return prepared


def _inside(key: str, part: Any, is_whole: bool) -> Any:
    if key in ("properties", "definitions", "$defs", "patternProperties") and isinstance(
        part, dict
    ):
        parts = cast("dict[str, Any]", part)
        return {name: _inside("", each, is_whole) for name, each in parts.items()}
    if key in ("const", "default", "enum", "examples"):
        return part
    if isinstance(part, dict):
        return _prepared(cast("dict[str, Any]", part), is_whole)
    if isinstance(part, list):
        return [_inside("", each, True) for each in cast("list[Any]", part)]
    return part


def _nullable(part: Any) -> Any:
    """*part* of a property that may be left out: then it may be null."""
    if not isinstance(part, dict):
        return part
    given = cast("dict[str, Any]", part)
    if "default" in given or "type" not in given:
        return given
    return {"anyOf": [given, {"type": "null"}]}
