"""Saved searches are kept under their names; one of the same name takes the other's place."""

from itertools import count
from typing import Any

import httpx
import pytest

_numbers = count(1)

DEMAND: dict[str, Any] = {
    "object": "flow_run",
    "property": "state",
    "type": "enum",
    "operation": "any",
    "value": ["Late", None],
}


def name_of_my_own() -> str:
    return f"search-{next(_numbers)}"


def test_a_search_takes_the_place_of_the_one_of_its_name(api: httpx.Client) -> None:
    name = name_of_my_own()
    made = api.put("/saved_searches/", json={"name": name, "filters": [DEMAND]})
    assert made.status_code == 201
    assert made.json()["filters"] == [DEMAND]
    path = f"/saved_searches/{made.json()['id']}"
    assert api.get(path).json() == made.json()

    again = api.put("/saved_searches/", json={"name": name})
    assert again.status_code == 200
    assert (again.json()["id"], again.json()["filters"]) == (made.json()["id"], [])
    assert api.get(path).json() == again.json()


NOTHING: dict[str, Any] = {}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"filters": []}, ["name"]),
        ({"name": "a", "filters": None}, ["filters"]),
        ({"name": "a", "filters": [{**DEMAND, "object": 1}]}, ["filters", 0, "object"]),
        ({"name": "a", "filters": [NOTHING]}, ["filters", 0, "object"]),
        ({"name": "a", "size": 1}, ["size"]),
    ],
)
def test_what_is_wrong_with_a_search_is_named(
    api: httpx.Client, body: dict[str, Any], place: list[str | int]
) -> None:
    refused = api.put("/saved_searches/", json=body)

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"] == ["body", *place]


def test_searches_are_listed_by_name(api: httpx.Client) -> None:
    kept = [
        api.put("/saved_searches/", json={"name": f"{name_of_my_own()}-{end}"}).json()
        for end in ("b", "a")
    ]
    listed = api.post("/saved_searches/filter", json={"limit": None, "offset": None}).json()

    assert [one["name"] for one in listed] == sorted(one["name"] for one in listed)
    assert all(one in listed for one in kept)
    assert api.post("/saved_searches/filter", json={"limit": 1, "offset": 1}).json() == listed[1:2]
    assert api.post("/saved_searches/filter", json={"limit": 201}).status_code == 422


def test_a_search_that_is_not_there_is_not_found(api: httpx.Client) -> None:
    made = api.put("/saved_searches/", json={"name": name_of_my_own()}).json()
    path = f"/saved_searches/{made['id']}"
    assert api.delete(path).status_code == 204
    for answer in (api.get(path), api.delete(path)):
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Saved search not found"}


# Applied ------------------------------------------------------------------------------------------


def kept(api: httpx.Client, *filters: tuple[str, str, str, Any]) -> str:
    """Where a search with these filters is applied."""
    names = ("object", "property", "operation", "value")
    given = [{"type": "any", **dict(zip(names, each, strict=True))} for each in filters]
    made = api.put("/saved_searches/", json={"name": name_of_my_own(), "filters": given})
    return f"/saved_searches/{made.json()['id']}/apply"


@pytest.fixture
def runs(api: httpx.Client, flow_id: str) -> dict[str, str]:
    """The ids of runs by their names: three of one flow, of which two have failed."""
    made: dict[str, str] = {}
    states = (("blue-ox", "FAILED"), ("red-ox", "FAILED"), ("red-elk", "COMPLETED"))
    for name, state in states:
        body = {"flow_id": flow_id, "name": name, "tags": [name[:3]], "state": {"type": state}}
        made[name] = api.post("/flow_runs/", json=body).json()["id"]
    return made


def test_a_search_finds_what_the_list_finds(
    api: httpx.Client, flow_id: str, runs: dict[str, str]
) -> None:
    flow = api.get(f"/flows/{flow_id}").json()["name"]
    path = kept(
        api,
        ("flow", "name", "equals", flow),
        ("flow_run", "state.type", "any_", ["FAILED"]),
        ("flow_run", "name", "contains", "ox"),
    )
    query = {
        "flows": {"name": {"any_": [flow]}},
        "flow_runs": {"state": {"type": {"any_": ["FAILED"]}}, "name": {"like_": "ox"}},
    }

    for page in ({}, {"sort": "NAME_DESC"}, {"sort": "NAME_ASC", "limit": 1, "offset": 1}):
        found = api.post(path, json=page)
        assert found.status_code == 200
        listed = api.post("/flow_runs/filter", json=query | page).json()
        assert [run["id"] for run in found.json()] == [run["id"] for run in listed]
        assert {run["id"] for run in found.json()} <= {runs["blue-ox"], runs["red-ox"]}
        assert len(found.json()) == page.get("limit", 2)


def test_a_search_without_filters_finds_all_runs(api: httpx.Client, runs: dict[str, str]) -> None:
    newest = {"sort": "EXPECTED_START_TIME_DESC"}
    found = api.post(kept(api), json=newest).json()

    assert len(found) >= len(runs)
    listed = api.post("/flow_runs/filter", json=newest).json()
    assert [run["id"] for run in found] == [run["id"] for run in listed]


def test_where_a_search_cannot_be_applied_is_named(api: httpx.Client) -> None:
    fine = ("flow", "name", "equals", "etl")
    refused = api.post(kept(api, fine, ("flow_run", "state.type", "equals", "LATE")))

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"] == ["filters", 1, "value"]
    assert "Invalid enum value 'LATE'" in problem["msg"]


def test_a_page_of_what_a_search_finds_is_checked(api: httpx.Client, unknown: str) -> None:
    path = kept(api)
    for page, field in (
        ({"limit": 201}, "limit"),
        ({"sort": "UP"}, "sort"),
        ({"offset": -1}, "offset"),
    ):
        refused = api.post(path, json=page)
        assert refused.status_code == 422
        assert field in refused.text
    gone = api.post(f"/saved_searches/{unknown}/apply")
    assert (gone.status_code, gone.json()) == (404, {"detail": "Saved search not found"})
