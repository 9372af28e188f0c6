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
