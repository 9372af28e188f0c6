"""Inputs of a flow run are stored, read, found and taken away by their keys."""

from typing import Any

import httpx
import pytest


def _store(api: httpx.Client, run_id: str, key: str, value: str = "v", **more: Any) -> int:
    body = {"key": key, "value": value, **more}
    return api.post(f"/flow_runs/{run_id}/input", json=body).status_code


def _found(api: httpx.Client, run_id: str, **query: Any) -> list[str]:
    found = api.post(f"/flow_runs/{run_id}/input/filter", json=query).json()
    return [each["key"] for each in found]


def test_an_input_is_read_as_it_was_stored(api: httpx.Client, run_id: str) -> None:
    assert _store(api, run_id, "k", '{"a": "\u00e4"}', sender="somebody") == 201
    read = api.get(f"/flow_runs/{run_id}/input/k")
    assert (read.status_code, read.text) == (200, '{"a": "\u00e4"}')
    assert read.headers["content-type"] == "text/plain; charset=utf-8"
    (listed,) = api.post(f"/flow_runs/{run_id}/input/filter", json={"prefix": ""}).json()
    assert {name: listed[name] for name in ("flow_run_id", "key", "value", "sender")} == {
        "flow_run_id": run_id,
        "key": "k",
        "value": '{"a": "\u00e4"}',
        "sender": "somebody",
    }
    assert listed["created"] == listed["updated"]


def test_a_key_has_one_input(api: httpx.Client, run_id: str) -> None:
    _store(api, run_id, "k", "first")
    again = api.post(f"/flow_runs/{run_id}/input", json={"key": "k", "value": "second"})
    said = {"detail": "A flow run input with this key already exists."}
    assert (again.status_code, again.json()) == (409, said)
    assert api.get(f"/flow_runs/{run_id}/input/k").text == "first"


@pytest.mark.parametrize("key", ["a b", "A", "", "a/b", "a\n", "\u00e4"])
def test_a_key_has_letters_digits_and_dashes(api: httpx.Client, run_id: str, key: str) -> None:
    assert _store(api, run_id, key) == 422


def test_inputs_are_found_in_the_order_in_which_they_came(
    api: httpx.Client, run_id: str, unknown: str
) -> None:
    for key in ("b-1", "a-1", "b-0", "c"):
        _store(api, run_id, key)
    assert _found(api, run_id, prefix="b") == ["b-1"]
    assert _found(api, run_id, prefix="", limit=9) == ["b-1", "a-1", "b-0", "c"]
    assert _found(api, run_id, prefix="b", limit=9, exclude_keys=["b-1"]) == ["b-0"]
    assert _found(api, run_id, prefix="b", limit=None, exclude_keys=None) == ["b-1"]
    assert _found(api, run_id, prefix="b", limit=0) == []
    assert _found(api, unknown, prefix="") == []
    assert api.post(f"/flow_runs/{run_id}/input/filter", json={}).status_code == 422


def test_an_input_is_taken_away_once(api: httpx.Client, run_id: str) -> None:
    _store(api, run_id, "k")
    assert api.delete(f"/flow_runs/{run_id}/input/k").status_code == 204
    for again in (
        api.delete(f"/flow_runs/{run_id}/input/k"),
        api.get(f"/flow_runs/{run_id}/input/k"),
    ):
        assert (again.status_code, again.json()) == (404, {"detail": "Flow run input not found"})
    assert _store(api, run_id, "k") == 201


def test_a_run_that_is_not_there_has_no_inputs(
    api: httpx.Client, run_id: str, unknown: str
) -> None:
    body = {"key": "k", "value": "v"}
    answer = api.post(f"/flow_runs/{unknown}/input", json=body)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Flow run not found"})
    _store(api, run_id, "k")
    api.delete(f"/flow_runs/{run_id}")
    assert api.get(f"/flow_runs/{run_id}/input/k").status_code == 404
    assert _found(api, run_id, prefix="") == []
