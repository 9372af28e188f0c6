"""A saved search asks what its filters say, in the language in which lists are asked for."""

from collections.abc import Sequence
from typing import Any, get_args

from msgspec import Struct, ValidationError, convert, structs

from ..resources.saved_searches import SavedSearchFilter
from .criteria import Criterion
from .queries import Page, RunFilters
from .sorts import FlowRunSort

OBJECTS = {
    "flow": "flows",
    "flow_run": "flow_runs",
    "task_run": "task_runs",
    "deployment": "deployments",
    "work_pool": "work_pools",
    "work_queue": "work_queues",
}
"""What a filter may be about, and which filter of a query that is."""

PLAIN = {
    "equals": (("eq_", False), ("any_", True)),
    "not_equals": (("not_any_", True),),
    "contains": (("like_", False), ("all_", True)),
}
"""Operations in plain words: the operators that they stand for, and whether one takes a list."""

ALL_OF = frozenset({"all_", "not_any_"})
"""Operators whose lists may be joined: who demands both demands each."""


class SearchPage(Page, frozen=True, kw_only=True):
    """A page of the flow runs that a search finds."""

    sort: FlowRunSort | None = None


class Inapplicable(Struct, frozen=True):
    """A search cannot be applied: what is at *place* in its filters, and what is wrong."""

    place: tuple[str | int, ...]
    reason: str


class _Demand(Struct, frozen=True):
    """What one filter demands: the way to an operator of a query, and its value as JSON."""

    way: tuple[str, ...]
    value: Any


def demands_of(filters: Sequence[SavedSearchFilter]) -> RunFilters | Inapplicable:
    """The filters of a query of flow runs that demand all that *filters* do."""
    found: dict[str, Any] = {}
    for number, each in enumerate(filters):
        demand = _demand(each)
        trouble = demand if isinstance(demand, Inapplicable) else _add(found, demand)
        if isinstance(trouble, Inapplicable):
            return Inapplicable((number, *trouble.place), trouble.reason)
    return convert(found, RunFilters)


def _demand(given: SavedSearchFilter) -> _Demand | Inapplicable:
    """What *given* demands."""
    if given.object not in OBJECTS:
        return Inapplicable(("object",), f"{given.object!r} is none of {_words(OBJECTS)}")
    way = [OBJECTS[given.object]]
    criterion = _criteria(RunFilters)[way[0]]
    for name in given.property.split("."):
        inside = _criteria(criterion)
        if name not in inside:
            known = ".".join(way[1:]) or given.object
            reason = f"{known} has no property {name!r}, but {_words(inside)}"
            return Inapplicable(("property",), reason if inside else f"{known} has no properties")
        criterion = inside[name]
        way.append(name)
    return _operated(given, criterion, tuple(way))


def _operated(
    given: SavedSearchFilter, criterion: type[Criterion], way: tuple[str, ...]
) -> _Demand | Inapplicable:
    """The demand of *given*, whose property is at the end of the *way*."""
    operators = _operators(criterion)
    plain = given.operation.strip().lower().replace(" ", "_").removesuffix("_")
    meant = ((f"{plain}_", False), *PLAIN.get(plain, ()))
    for operator, takes_list in meant:
        if operator in operators:
            value = [given.value] if takes_list else given.value
            trouble = _wrong(value, operators[operator])
            return trouble or _Demand((*way, operator), value)
    named = _words(operators) or "only properties of its own"
    reason = f"{given.property} knows no operation {given.operation!r}, but {named}"
    return Inapplicable(("operation",), reason)


def _wrong(value: Any, type: Any) -> Inapplicable | None:
    """What is wrong with *value*, which is to be of this type."""
    if value is None:
        return Inapplicable(("value",), "null demands nothing")
    try:
        convert(value, type)
    except ValidationError as error:
        return Inapplicable(("value",), str(error))
    return None


def _add(found: dict[str, Any], demand: _Demand) -> Inapplicable | None:
    """Put *demand* to those that were *found*."""
    *way, operator = demand.way
    for name in way:
        found = found.setdefault(name, {})
    if operator not in found:
        found[operator] = demand.value
    elif operator in ALL_OF:
        found[operator] = [*found[operator], *demand.value]
    elif found[operator] != demand.value:
        return Inapplicable((), f"another filter demands something else with {operator!r}")
    return None


def _criteria(of: type[Struct]) -> dict[str, type[Criterion]]:
    """The criteria within one, by their names."""
    return {
        field.name: each
        for field in structs.fields(of)
        for each in get_args(field.type)
        if isinstance(each, type) and issubclass(each, Criterion)
    }


def _operators(criterion: type[Criterion]) -> dict[str, Any]:
    """The operators of a criterion, and what each takes."""
    return {
        field.name: field.type for field in structs.fields(criterion) if field.name.endswith("_")
    }


def _words(names: Any) -> str:
    return ", ".join(names)
