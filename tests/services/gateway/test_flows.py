"""Flows are registered by name, read by id, listed from the views."""

from typing import Any

import httpx
import pytest

from headgate.clock import new_id


def _create(api: httpx.Client, **fields: Any) -> httpx.Response:
    return api.post("/flows/", json=fields)


def test_a_flow_is_created_once_and_found_again_unchanged(api: httpx.Client) -> None:
    name = f"twice-{new_id()}"
    first = _create(api, name=name, tags=["a"], labels={"n": 1, "flag": True})
    again = _create(api, name=name, tags=["other"], labels={"n": 2})
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["tags"] == ["a"]
    assert first.json()["labels"] == {"n": 1, "flag": True}


def test_a_flow_is_read_by_id_and_by_name(api: httpx.Client) -> None:
    flow = _create(api, name=f"read-{new_id()}").json()
    assert api.get(f"/flows/{flow['id']}").json() == flow
    assert api.get(f"/flows/{flow['id'].replace('-', '').upper()}").json() == flow
    assert api.get(f"/flows/name/{flow['name']}").json() == flow


def test_a_flow_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    for path in (f"/flows/{unknown}", "/flows/name/nobody"):
        answer = api.get(path)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Flow not found"})


@pytest.mark.parametrize("number", range(5))
def test_a_new_flow_is_in_the_list_at_once(api: httpx.Client, number: int) -> None:
    flow = _create(api, name=f"listed-{number}-{new_id()}").json()
    wanted = {"flows": {"name": {"any_": [flow["name"]]}}}
    assert api.post("/flows/filter", json=wanted).json() == [flow]
    assert api.post("/flows/count", json=wanted).json() == 1


def test_lists_need_no_body_and_take_nulls(api: httpx.Client) -> None:
    flow_id = _create(api, name="!first of all").json()["id"]  # others may fill the page
    nulls = dict.fromkeys(("flows", "flow_runs", "task_runs", "sort", "limit", "offset"))
    for answer in (api.post("/flows/filter"), api.post("/flows/filter", json=nulls)):
        assert flow_id in {flow["id"] for flow in answer.json()}
    assert api.post("/flows/count").json() >= 1


@pytest.mark.parametrize("name", ["", "a/b", "a%b", "a&b", "<", ">"])
def test_a_name_that_paths_cannot_hold_is_refused(api: httpx.Client, name: str) -> None:
    answer = _create(api, name=name)
    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert (problem["loc"], problem["type"]) == (["body", "name"], "string_pattern_mismatch")
