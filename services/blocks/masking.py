"""Secrets are taken out of a block's data, a mask in the place of each, and put back in.

A secret field is named by the way to it, such as `login.password`. Everything at it and below is
secret, and so is everything below a `*`. Lists and tuples on the way are gone through. Null is no
secret, and neither is a reference to another block, whose secrets are its own.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any, cast

from msgspec import Struct

MASK = "********"

REFERENCE = "$ref"
"""The key of a value that stands for another block."""

Step = str | int
Leaf = Callable[[list[Step], Any], Any]
Ways = dict[str, Any]
"""The next steps of the ways to secrets, each with those after it; `*` is the end of one."""


class Secret(Struct, frozen=True, array_like=True):
    """A value, and the way to it."""

    place: list[Step]
    value: Any


def masked(
    values: Mapping[str, Any], secret_fields: Iterable[str]
) -> tuple[dict[str, Any], list[Secret]]:
    """*values* with masks, and what they hide."""
    found: list[Secret] = []

    def hidden(place: list[Step], value: Any) -> Any:
        found.append(Secret(place, value))
        return MASK

    return _all_shown(values, secret_fields, hidden), found


def unmasked(values: Mapping[str, Any], secrets: Iterable[Secret]) -> dict[str, Any]:
    """*values* with the secrets in the places that they have been taken from."""
    whole = deepcopy(dict(values))
    for secret in secrets:
        *way, last = secret.place
        _at(whole, way, {})[last] = secret.value
    return whole


def kept(
    given: Mapping[str, Any], before: Mapping[str, Any], secret_fields: Iterable[str]
) -> dict[str, Any]:
    """*given*, with what was there *before* wherever it has the mask of a secret."""

    def known(place: list[Step], value: Any) -> Any:
        return _at(before, place, value) if value == MASK else value

    return _all_shown(given, secret_fields, known)


def is_deeper(value: Any, most: int) -> bool:
    """Whether *value* is nested more than *most* levels deep."""
    level: list[Any] = [value]
    for _ in range(most + 1):
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below += cast("dict[str, Any]", each).values()
            elif isinstance(each, list):
                below += cast("list[Any]", each)
        if not below:
            return False
        level = below
    return True


def is_reference(value: Any) -> bool:
    """Whether *value* stands for another block."""
    return isinstance(value, dict) and REFERENCE in value


def _all_shown(
    values: Mapping[str, Any], secret_fields: Iterable[str], leaf: Leaf
) -> dict[str, Any]:
    # nothing at all would be a leaf itself where everything is secret
    return _replaced(dict(values), _ways(secret_fields), [], leaf) if values else {}


def _ways(secret_fields: Iterable[str]) -> Ways:
    ways: Ways = {}
    for field in secret_fields:
        steps: list[str] = field.split(".")
        if "*" in steps:
            del steps[steps.index("*") :]
        on = ways
        for step in steps:
            on = on.setdefault(step, {})
        on["*"] = {}
    return ways


def _replaced(value: Any, ways: Ways, place: list[Step], leaf: Leaf) -> Any:
    """*value*, with what *leaf* makes of each secret in it."""
    if not ways or is_reference(value):
        return value
    if "*" in ways:
        return _all_replaced(value, place, leaf)
    if isinstance(value, dict):
        return {
            key: _replaced(each, ways.get(key, {}), [*place, key], leaf)
            for key, each in cast("dict[str, Any]", value).items()
        }
    if isinstance(value, (list, tuple)):
        return [
            _replaced(each, ways, [*place, at], leaf)
            for at, each in enumerate(cast("list[Any]", value))
        ]
    return value


def _all_replaced(value: Any, place: list[Step], leaf: Leaf) -> Any:
    if value is None or is_reference(value):
        return value
    if isinstance(value, dict) and value:
        return {
            key: _all_replaced(each, [*place, key], leaf)
            for key, each in cast("dict[str, Any]", value).items()
        }
    return leaf(place, value)


def _at(values: Any, place: list[Step], otherwise: Any) -> Any:
    """What stands at *place*, or else *otherwise*."""
    at: Any = values
    for step in place:
        is_there = (
            step in cast("dict[Any, Any]", at)
            if isinstance(at, dict)
            else isinstance(at, list)
            and isinstance(step, int)
            and step < len(cast("list[Any]", at))
        )
        if not is_there:
            return otherwise
        at = cast(Any, at)[step]
    return at
