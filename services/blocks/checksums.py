"""A schema's checksum is what clients compute of it themselves, to find it again by.

It covers the fields without the lists of secret ones, and of the definitions only those that are
no blocks and are referred to: a block has a checksum of its own.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, cast

DEFINITIONS = "#/definitions/"


def checksum_of(fields: Mapping[str, Any]) -> str:
    """The checksum of a schema."""
    text = json.dumps([[_without_secret_fields(_own(fields))], {}], sort_keys=True)
    return f"sha256:{sha256(text.encode()).hexdigest()}"


def _own(fields: Mapping[str, Any]) -> dict[str, Any]:
    definitions: Any = fields.get("definitions")
    rest = {key: value for key, value in fields.items() if key != "definitions"}
    if not definitions or not isinstance(definitions, dict):
        return dict(fields)
    found = _plain(rest, cast("dict[str, Any]", definitions))
    return {**rest, "definitions": found} if found else rest


def _plain(rest: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The definitions that *rest* leads to and that are no blocks."""
    seen: set[str] = set()
    open_names = list(_named_in(rest))
    while open_names:
        name = open_names.pop()
        if name in definitions and name not in seen:
            seen.add(name)
            open_names += _named_in(definitions[name])
    return {
        name: definition
        for name, definition in definitions.items()
        if name in seen and not _is_block(definition)
    }


def _is_block(definition: Any) -> bool:
    return isinstance(definition, dict) and "block_type_slug" in definition


def _named_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in cast("dict[str, Any]", value).items():
            if key == "$ref" and isinstance(each, str) and each.startswith(DEFINITIONS):
                yield each.removeprefix(DEFINITIONS)
            yield from _named_in(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from _named_in(each)


def _without_secret_fields(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_secret_fields(each)
            for key, each in cast("dict[str, Any]", value).items()
            if key != "secret_fields"
        }
    if isinstance(value, list):
        return [_without_secret_fields(each) for each in cast("list[Any]", value)]
    return value
