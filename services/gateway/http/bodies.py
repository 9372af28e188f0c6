"""Request bodies become typed values, or a 422 that names the field."""

import re
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import json

from .errors import Refused, answered, detail, invalid

T = TypeVar("T")

_place = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_steps = re.compile(r"\.(?P<key>[^.\[]+)|\[(?P<index>[^\]]+)\]")
_missing = re.compile(r"required field `(?P<field>[^`]+)`")
_unknown = re.compile(r"unknown field `(?P<field>[^`]+)`")
_pattern = re.compile(r"matching regex '(?P<pattern>.*)'")
_expected = re.compile(r"^Expected `(?P<wanted>\w+)(?: \| null)?`")

KINDS = {
    "str": ("string_type", "Input should be a valid string"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("dict_type", "Input should be a valid dictionary"),
    "bool": ("bool_type", "Input should be a valid boolean"),
    "int": ("int_type", "Input should be a valid integer"),
    "float": ("float_type", "Input should be a valid number"),
    "uuid": ("uuid_type", "UUID input should be a string, bytes or UUID object"),
}
"""What clients are used to read for a value of a wrong type, by the type wanted."""

PLAIN = ("Invalid limit", "History interval")
"""Refusals that are the whole `detail`, because clients look for them."""


@cache
def _decoder(type: Any) -> "json.Decoder[Any]":
    return json.Decoder(type)


def decoded(type: type[T], body: bytes) -> T:
    """*body* as a *type*; raises `Refused`, with a 422 for all but bytes that are no text."""
    if not body or body == b"null":
        raise invalid("Field required", "body", kind="missing")
    try:
        return cast(T, _decoder(type).decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(body, error) from None


def _refused(body: bytes, error: Exception) -> Refused:
    try:
        # A type may be wrong before the JSON is: only a whole tree can be shown.
        tree = json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as broken:
        if isinstance(broken, UnicodeDecodeError) or "utf-8" in str(broken):
            return detail(400, "There was an error parsing the body")
        return invalid(f"JSON decode error: {broken}", "body", kind="json_invalid")
    return refusal(error, tree)


def path_of(said: str) -> tuple[str, list[str | int]]:
    """What a validation error says, and the way to the field that it is about."""
    found = _place.search(said)
    path: list[str | int] = []
    if found is not None:
        said = said[: found.start()]
        for step in _steps.finditer(found["path"]):
            index = step["index"]
            path.append(int(index) if index and index.isdigit() else step["key"] or index)
    return said, path


def refusal(error: Exception, body: Any) -> Refused:
    """The 422 for *error*, found in *body*."""
    said, path = path_of(str(error))
    if said.startswith(PLAIN):
        return detail(422, said)
    if path == ["limit"] and said.startswith("Expected `int` >="):
        return detail(422, "Invalid limit: must be greater than or equal to 0.")
    kind, told, path = _explained(said, path)
    shown = _at(body, path[:-1] if kind == "missing" else path)
    problem = {"type": kind, "loc": ["body", *path], "msg": told, "input": shown}
    envelope = {
        "exception_message": "Invalid request received.",
        "exception_detail": [problem],
        "request_body": body,
    }
    return Refused(answered(envelope, 422))


def _explained(said: str, path: list[str | int]) -> tuple[str, str, list[str | int]]:
    """The kind of the problem, what to say of it, and where it is."""
    if found := _missing.search(said):
        return "missing", "Field required", [*path, found["field"]]
    if found := _unknown.search(said):
        return "extra_forbidden", "Extra inputs are not permitted", [*path, found["field"]]
    if found := _pattern.search(said):
        pattern = f"String should match pattern '{found['pattern']}'"
        return "string_pattern_mismatch", pattern, path
    if said.startswith("Invalid enum value"):
        return "enum", said, path
    if said == "Invalid UUID":
        return "uuid_parsing", "Input should be a valid UUID", path
    if (found := _expected.match(said)) and "got" in said and found["wanted"] in KINDS:
        return *KINDS[found["wanted"]], path
    return "value_error", said, path


def _at(tree: Any, path: list[str | int]) -> Any:
    """What stands at *path* in a request body, None where nothing does."""
    for step in path:
        if isinstance(tree, dict):
            tree = cast("dict[Any, Any]", tree).get(step)
        elif (
            isinstance(tree, list) and isinstance(step, int) and step < len(cast("list[Any]", tree))
        ):
            tree = cast("list[Any]", tree)[step]
        else:
            return None
    return tree
