"""Hydrating: objects that say how their value is to be made become that value.

Such an object has the key `__prefect_kind`: `json` is text to be parsed, `jinja` a template to be
rendered, `workspace_variable` the name of a variable; any other kind has its value as it is. One
without its value is left out, together with its key.
"""

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, cast

from msgspec import Struct

from .said import NotHydrated, NotRendered

KIND = "__prefect_kind"

Place = tuple[str | int, ...]
"""The way into a value: keys and indexes."""


class _Absent(Struct, frozen=True):
    """There is no value; its key is left out."""


ABSENT = _Absent()


def hydrated(value: Any, variables: Mapping[str, Any]) -> Any:
    """*value* with every value in it made, or the first `NotHydrated` that is found.

    *variables* are those that `variables_named` names, as far as they exist.
    """
    try:
        made = hydrated_in_part(value, variables)
    except RecursionError:
        return NotHydrated("It is nested too deep")
    return next((found for _, found in failures(made)), None) or made


def hydrated_in_part(value: Any, variables: Mapping[str, Any]) -> Any:
    """*value* with every value in it made, or why not where it would stand."""
    made = _made(value, variables)
    return None if made is ABSENT else made


def variables_named(value: Any) -> frozenset[str]:
    """The names of the variables that *value* refers to."""
    found = (
        each.get("variable_name")
        for each in _objects(value)
        if each.get(KIND) == "workspace_variable"
    )
    return frozenset(name for name in found if isinstance(name, str))


def is_rendered(value: Any) -> bool:
    """Whether there is a template in *value*."""
    return any(each.get(KIND) == "jinja" for each in _objects(value))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in *value*, however deep."""
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, list):
            rest += cast("list[Any]", each)
        elif isinstance(each, dict):
            given = cast("dict[str, Any]", each)
            yield given
            rest += given.values()


def _made(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        made = (_made(each, variables) for each in cast("list[Any]", value))
        return [each for each in made if each is not ABSENT]
    if not isinstance(value, dict):
        return value
    given = cast("dict[str, Any]", value)
    if KIND in given:
        return _of_kind(given, variables)
    made_of = ((key, _made(each, variables)) for key, each in given.items())
    return {key: each for key, each in made_of if each is not ABSENT}


def _of_kind(given: dict[str, Any], variables: Mapping[str, Any]) -> Any:
    kind = given[KIND]
    key = {"jinja": "template", "workspace_variable": "variable_name"}.get(str(kind), "value")
    if key not in given:
        return _without(kind, key)
    value = _made(given[key], variables)
    if isinstance(value, NotHydrated | _Absent):
        return value
    match kind:
        case "json":
            return _parsed(value)
        case "jinja":
            return _rendered(value)
        case "workspace_variable":
            name = str(value)
            missing = NotHydrated(f"Variable {name!r} not found in workspace.")
            return variables.get(name, missing)
        case _:
            return value


def _without(kind: object, key: str) -> Any:
    if kind in ("json", "workspace_variable"):
        return ABSENT
    if kind in ("jinja", "none"):
        return NotHydrated(f"Missing {key!r} key in __prefect object")
    return None


def _parsed(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        made = json.loads(text, parse_constant=_no_number, parse_float=_finite)
        json.dumps(made, ensure_ascii=False).encode()  # half a character is no text
        return made
    except (ValueError, RecursionError) as error:
        return NotHydrated(f"Invalid JSON: {error}")


def _no_number(constant: str) -> Any:
    """NaN and the infinities are not JSON, whatever Python's reader says."""
    raise ValueError(f"{constant} is no number")


def _finite(number: str) -> float:
    """What is larger than any number here is none either."""
    return float(number) if isfinite(float(number)) else _no_number(number)


def _rendered(template: Any) -> Any:
    if not isinstance(template, str):
        return NotHydrated("Invalid jinja: the template is no text")
    from .templates import rendered

    text = rendered(template)
    if isinstance(text, NotRendered):
        return NotHydrated(f"Invalid jinja: {text.reason}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return NotHydrated(f"Invalid jinja: {error}")
    return text


def failures(made: Any, at: Place = ()) -> Iterator[tuple[Place, NotHydrated]]:
    """Where in what `hydrated_in_part` gives a value could not be made, and why."""
    if isinstance(made, NotHydrated):
        yield at, made
    elif isinstance(made, dict):
        for key, each in cast("dict[str, Any]", made).items():
            yield from failures(each, (*at, key))
    elif isinstance(made, list):
        for index, each in enumerate(cast("list[Any]", made)):
            yield from failures(each, (*at, index))
