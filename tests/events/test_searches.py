"""A saved search asks what its filters say, in the language in which lists are asked for."""

from typing import Any

import pytest
from msgspec import json, structs

from events.queries import FlowRunQuery, Inapplicable, RunFilters, demands_of
from events.resources.saved_searches import SavedSearchFilter

ID = "0190a5b2-6f2e-4a10-9a77-0000000000f1"
NOON = "2026-11-20T12:00:00Z"


def demand(object: str, property: str, operation: str, value: Any) -> SavedSearchFilter:
    return SavedSearchFilter(
        object=object, property=property, type="any", operation=operation, value=value
    )


@pytest.mark.parametrize(
    ("asked", "query"),
    [
        (("flow", "name", "equals", "etl"), {"flows": {"name": {"any_": ["etl"]}}}),
        (("flow", "name", "contains", "e"), {"flows": {"name": {"like_": "e"}}}),
        (("flow", "name", "like_", "e%"), {"flows": {"name": {"like_": "e%"}}}),
        (("flow", "deployment", "is null", True), {"flows": {"deployment": {"is_null_": True}}}),
        (("flow_run", "id", "any_", [ID]), {"flow_runs": {"id": {"any_": [ID]}}}),
        (("flow_run", "id", "not equals", ID), {"flow_runs": {"id": {"not_any_": [ID]}}}),
        (("flow_run", "tags", "all_", ["a"]), {"flow_runs": {"tags": {"all_": ["a"]}}}),
        (("flow_run", "tags", "contains", "a"), {"flow_runs": {"tags": {"all_": ["a"]}}}),
        (
            ("flow_run", "state.type", "any", ["FAILED"]),
            {"flow_runs": {"state": {"type": {"any_": ["FAILED"]}}}},
        ),
        (
            ("flow_run", "state.name", "not_any_", ["Late"]),
            {"flow_runs": {"state": {"name": {"not_any_": ["Late"]}}}},
        ),
        (
            ("flow_run", "start_time", "Before", NOON),
            {"flow_runs": {"start_time": {"before_": NOON}}},
        ),
        (
            ("flow_run", "expected_start_time", "after", NOON),
            {"flow_runs": {"expected_start_time": {"after_": NOON}}},
        ),
        (
            ("task_run", "subflow_runs", "exists_", False),
            {"task_runs": {"subflow_runs": {"exists_": False}}},
        ),
        (("deployment", "paused", "equals", True), {"deployments": {"paused": {"eq_": True}}}),
        (
            ("deployment", "concurrency_limit", "ge_", 3),
            {"deployments": {"concurrency_limit": {"ge_": 3}}},
        ),
        (("work_pool", "name", "any_", ["docker"]), {"work_pools": {"name": {"any_": ["docker"]}}}),
        (
            ("work_queue", "name", "startswith_", ["a"]),
            {"work_queues": {"name": {"startswith_": ["a"]}}},
        ),
    ],
)
def test_a_filter_is_one_of_a_list(asked: tuple[str, str, str, Any], query: dict[str, Any]) -> None:
    expected = json.decode(json.encode(query), type=FlowRunQuery)

    found = demands_of([demand(*asked)])

    assert isinstance(found, RunFilters)
    assert FlowRunQuery(**structs.asdict(found)) == expected


def test_all_filters_have_to_hold() -> None:
    found = demands_of(
        [
            demand("flow_run", "tags", "contains", "a"),
            demand("flow_run", "tags", "contains", "b"),
            demand("flow_run", "state.name", "not equals", "Late"),
            demand("flow_run", "state.name", "not equals", "Lost"),
            demand("flow_run", "state.type", "equals", "FAILED"),
            demand("flow_run", "state.type", "any_", ["FAILED"]),
            demand("flow", "name", "equals", "etl"),
            demand("flow", "name", "contains", "e"),
        ]
    )

    query = {
        "flow_runs": {
            "tags": {"all_": ["a", "b"]},
            "state": {"name": {"not_any_": ["Late", "Lost"]}, "type": {"any_": ["FAILED"]}},
        },
        "flows": {"name": {"any_": ["etl"], "like_": "e"}},
    }
    assert found == json.decode(json.encode(query), type=RunFilters)


def test_a_search_without_filters_finds_everything() -> None:
    assert demands_of([]) == RunFilters()


FINE = demand("flow_run", "name", "contains", "a")


@pytest.mark.parametrize(
    ("wrong", "place", "said"),
    [
        (demand("run", "name", "any_", ["a"]), "object", "'run' is none of flow, flow_run,"),
        (demand("flow", "size", "any_", [1]), "property", "flow has no property 'size', but id,"),
        (demand("flow", "", "any_", ["a"]), "property", "flow has no property ''"),
        (demand("flow", "operator", "any_", ["a"]), "property", "flow has no property 'operator'"),
        (demand("flow", "name.any_", "x", 1), "property", "name has no properties"),
        (
            demand("flow_run", "state.color", "any_", ["red"]),
            "property",
            "state has no property 'color', but type, name",
        ),
        (
            demand("flow_run", "state", "any", ["Late"]),
            "operation",
            "state knows no operation 'any', but only properties of its own",
        ),
        (
            demand("flow_run", "id", "like_", "a"),
            "operation",
            "id knows no operation 'like_', but any_, not_any_",
        ),
        (demand("flow_run", "name", "before", NOON), "operation", "name knows no operation"),
        (demand("flow_run", "name", "not equals", "a"), "operation", "name knows no operation"),
        (demand("flow_run", "tags", "operator", "or_"), "operation", "tags knows no operation"),
        (demand("flow_run", "name", "any_", "a"), "value", "Expected `array | null`, got `str`"),
        (demand("flow_run", "id", "equals", "a"), "value", "Invalid UUID - at `$[0]`"),
        (demand("flow_run", "state.type", "equals", "LATE"), "value", "Invalid enum value 'LATE'"),
        (demand("flow_run", "start_time", "after", "noon"), "value", "Invalid RFC3339"),
        (demand("flow_run", "name", "equals", None), "value", "got `null`"),
        (demand("flow_run", "name", "any_", None), "value", "null demands nothing"),
    ],
)
def test_what_cannot_be_applied_is_named(wrong: SavedSearchFilter, place: str, said: str) -> None:
    found = demands_of([FINE, wrong])

    assert isinstance(found, Inapplicable)
    assert found.place == (1, place)
    assert said in found.reason


def test_two_filters_that_one_criterion_cannot_say_are_refused() -> None:
    found = demands_of([FINE, demand("flow_run", "name", "contains", "b")])

    assert found == Inapplicable((1,), "another filter demands something else with 'like_'")
