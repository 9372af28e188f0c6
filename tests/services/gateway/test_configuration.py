"""What is kept under a key is what was last put there, and the server does nothing with it."""

from itertools import count
from typing import Any

import httpx
import pytest

_numbers = count(1)


@pytest.fixture
def path() -> str:
    """Where a key is that no other test uses."""
    return f"/admin/configuration/key.{next(_numbers):03}"


def test_a_value_takes_the_place_of_the_one_under_its_key(api: httpx.Client, path: str) -> None:
    value: dict[str, Any] = {"on_call": ["ada", None], "hours": {"from": 8}}
    made = api.put(path, json={"value": value})
    assert made.status_code == 201
    assert (made.json()["key"], made.json()["value"]) == (path.rpartition("/")[2], value)
    assert api.get(path).json() == made.json()

    again = api.put(path, json={"value": {}})
    assert (again.status_code, again.json()["value"]) == (200, {})
    assert (again.json()["id"], again.json()["created"]) == (
        made.json()["id"],
        made.json()["created"],
    )
    assert api.get(path).json() == again.json()


def test_what_is_forgotten_is_not_there(api: httpx.Client, path: str) -> None:
    api.put(path, json={"value": {}})
    assert api.delete(path).status_code == 204
    for answer in (api.get(path), api.delete(path)):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Configuration not found."})
    assert api.put(path, json={"value": {"a": 1}}).status_code == 201


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["value"]),
        ({"value": None}, ["value"]),
        ({"value": [1]}, ["value"]),
        ({"value": {}, "key": "another"}, ["key"]),
        ({"value": {"a": "x" * 524_288}}, ["value"]),
    ],
)
def test_what_is_wrong_with_a_value_is_named(
    api: httpx.Client, path: str, body: dict[str, Any], where: list[str]
) -> None:
    refused = api.put(path, json=body)

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"] == ["body", *where]
    assert api.get(path).status_code == 404


def test_a_key_has_a_length(api: httpx.Client, path: str) -> None:
    longest = "/admin/configuration/" + "k" * 255
    assert api.put(longest, json={"value": {}}).is_success
    refused = api.put(f"{longest}k", json={"value": {}})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["path", "key"]


def test_values_are_listed_by_their_keys(api: httpx.Client, path: str) -> None:
    kept = [api.put(f"{path}-{end}", json={"value": {"n": end}}).json() for end in "ba"]
    name = path.rpartition("/")[2]

    def listed(**page: Any) -> list[dict[str, Any]]:
        demands = {"key": {"like_": f"{name}-"}}
        answer = api.post("/admin/configuration/filter", json={"configurations": demands, **page})
        assert answer.status_code == 200
        return answer.json()

    assert listed() == kept[::-1]
    assert listed(limit=1, offset=1) == kept[:1]
    by_id = {"configurations": {"id": {"any_": [kept[0]["id"]]}}}
    assert api.post("/admin/configuration/filter", json=by_id).json() == kept[:1]
    wrong = api.post("/admin/configuration/filter", json={"configurations": {"value": {}}})
    assert wrong.status_code == 422
    assert api.post("/admin/configuration/filter", json={"limit": 201}).status_code == 422


def test_a_key_may_be_called_like_a_word_of_a_path(api: httpx.Client) -> None:
    path = "/admin/configuration/filter"
    assert api.put(path, json={"value": {}}).status_code == 201
    assert api.get(path).json()["key"] == "filter"
    assert api.delete(path).status_code == 204
