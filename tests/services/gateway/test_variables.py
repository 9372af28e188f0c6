"""Variables are kept under names that nobody else has, and hold whatever JSON can say."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from headgate.clock import new_id
from tests.services.gateway.test_deployments import CONFLICT

_numbers = count(1)


@pytest.fixture
def variable(api: httpx.Client) -> Iterator[dict[str, Any]]:
    """A variable of a name that no other test has."""
    body = {"name": f"v_{next(_numbers)}", "value": {"a": [1, None]}, "tags": ["x"]}
    made = api.post("/variables/", json=body)
    assert made.status_code == 201, made.text
    yield made.json()
    api.delete(f"/variables/{made.json()['id']}")


def test_a_variable_is_found_by_its_name_and_its_id(
    api: httpx.Client, variable: dict[str, Any]
) -> None:
    assert variable["value"] == {"a": [1, None]}
    assert variable["tags"] == ["x"]
    assert api.get(f"/variables/name/{variable['name']}").json() == variable
    assert api.get(f"/variables/{variable['id']}").json() == variable


def test_a_variable_s_name_is_nobody_else_s(api: httpx.Client, variable: dict[str, Any]) -> None:
    name = variable["name"]
    refused = api.post("/variables/", json={"name": name, "value": 1})

    assert refused.status_code == 409
    assert refused.json() == {"detail": f"A variable with the name '{name}' already exists."}

    other = api.post("/variables/", json={"name": f"{name}-other", "value": 1}).json()
    refused = api.patch(f"/variables/{other['id']}", json={"name": name})
    assert refused.status_code == 409
    assert refused.json() == {"detail": "A variable with this name already exists."}


def test_a_variable_is_changed_as_far_as_is_said(
    api: httpx.Client, variable: dict[str, Any]
) -> None:
    by_id, name = f"/variables/{variable['id']}", f"{variable['name']}-2"
    assert api.patch(f"/variables/name/{variable['name']}", json={"value": 7}).status_code == 204
    assert api.get(by_id).json()["value"] == 7
    assert api.patch(by_id, json={"name": name, "tags": [], "value": None}).status_code == 204

    changed = api.get(f"/variables/name/{name}").json()
    assert (changed["value"], changed["tags"]) == (None, [])
    assert changed["created"] == variable["created"]
    assert changed["updated"] > variable["updated"]
    assert api.get(f"/variables/name/{variable['name']}").status_code == 404


@pytest.mark.parametrize("body", [{"name": None}, {"tags": None}])
def test_a_variable_keeps_a_name_and_tags(
    api: httpx.Client, variable: dict[str, Any], body: dict[str, Any]
) -> None:
    refused = api.patch(f"/variables/{variable['id']}", json=body)

    assert (refused.status_code, refused.json()) == (409, {"detail": CONFLICT})


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"name": "My Var", "value": 1}, "name", "lowercase letters, numbers, and dashes"),
        ({"name": "a", "value": "x" * 4_999}, "value", "less than 5000 characters"),
        ({"name": "y" * 256, "value": 1}, "name", "255"),
        ({"value": 1}, "name", "required"),
        ({"name": "a"}, "value", "required"),
        ({"name": "a", "value": 1, "z": 1}, "z", "not permitted"),
    ],
)
def test_what_is_wrong_with_a_variable_is_named(
    api: httpx.Client, body: dict[str, Any], field: str, message: str
) -> None:
    refused = api.post("/variables/", json=body)

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"][-1] == field
    assert message in problem["msg"]


def test_the_longest_value_is_taken(api: httpx.Client) -> None:
    made = api.post("/variables/", json={"name": f"v_{next(_numbers)}", "value": "x" * 4_998})

    assert made.status_code == 201


def test_variables_are_listed_and_counted(api: httpx.Client, variable: dict[str, Any]) -> None:
    mine = {"variables": {"name": {"any_": [variable["name"]]}, "tags": {"all_": ["x"]}}}
    listed = api.post("/variables/filter", json=mine | {"sort": "NAME_DESC", "limit": 1})

    assert listed.json() == [variable]
    assert api.post("/variables/count", json=mine).json() == 1
    assert api.post("/variables/count").json() >= 1
    assert api.post("/variables/filter", json={"sort": "SIZE_ASC"}).status_code == 422


def test_a_variable_that_is_not_there_is_not_found(api: httpx.Client) -> None:
    gone = api.post("/variables/", json={"name": f"v_{next(_numbers)}", "value": 1}).json()
    assert api.delete(f"/variables/name/{gone['name']}").status_code == 204
    for path in (f"/variables/{new_id()}", f"/variables/name/{gone['name']}"):
        for answer in (api.get(path), api.patch(path, json={"value": 1}), api.delete(path)):
            assert answer.status_code == 404
            assert answer.json() == {"detail": "Variable not found."}
