"""Artifacts are left by runs, changed while they grow, and found by key, run and type."""

from itertools import count
from typing import Any

import httpx
import pytest

_numbers = count(1)


def key_of_my_own() -> str:
    return f"artifact-{next(_numbers)}"


def made(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    answer = api.post("/artifacts/", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(api: httpx.Client, path: str, **demands: Any) -> list[dict[str, Any]]:
    answer = api.post(f"/artifacts/{path}", json={"artifacts": demands, "limit": None})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_artifact_comes_back_as_it_was_made(api: httpx.Client, run_id: str) -> None:
    fields = {
        "key": key_of_my_own(),
        "type": "table",
        "description": "of today",
        "data": [{"a": None}],
        "metadata_": {"b": "c"},
        "flow_run_id": run_id,
        "task_run_id": None,
    }
    artifact = made(api, **fields)

    assert artifact.items() >= fields.items()
    assert artifact["created"] == artifact["updated"]
    assert api.get(f"/artifacts/{artifact['id']}").json() == artifact


def test_an_artifact_needs_nothing_and_its_runs_need_not_be_known(
    api: httpx.Client, unknown: str
) -> None:
    assert made(api)["key"] is None
    assert made(api, task_run_id=unknown)["task_run_id"] == unknown


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"key": "Bad Key"}, "key", "lowercase letters, numbers, and dashes"),
        ({"metadata_": 1}, "metadata_", "valid dictionary"),
        ({"z": 1}, "z", "not permitted"),
        ({"flow_run_id": "x"}, "flow_run_id", "valid UUID"),
    ],
)
def test_what_is_wrong_with_an_artifact_is_named(
    api: httpx.Client, body: dict[str, Any], field: str, message: str
) -> None:
    refused = api.post("/artifacts/", json=body)

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"][-1] == field
    assert message in problem["msg"]


def test_an_artifact_is_changed_as_far_as_is_said(api: httpx.Client) -> None:
    artifact = made(api, data=0.5, type="progress", description="d")
    path = f"/artifacts/{artifact['id']}"
    assert api.patch(path, json={"data": 1.0}).status_code == 204
    assert api.patch(path, json={"description": None, "metadata_": {"a": "b"}}).status_code == 204
    assert api.patch(path, json={}).status_code == 204

    changed = api.get(path).json()
    assert (changed["data"], changed["description"]) == (1.0, None)
    assert (changed["metadata_"], changed["type"]) == ({"a": "b"}, "progress")
    refused = api.patch(path, json={"key": "other"})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", "key"]


def test_a_key_stands_for_its_newest_artifact(api: httpx.Client) -> None:
    key = key_of_my_own()
    first, second = made(api, key=key, data=1), made(api, key=key, data=2)
    mine = {"key": {"any_": [key]}}

    assert api.get(f"/artifacts/{key}/latest").json() == second
    (collection,) = listed(api, "latest/filter", **mine)
    assert (collection["key"], collection["latest_id"]) == (key, second["id"])
    assert collection["data"] == 2
    assert api.post("/artifacts/latest/count", json={"artifacts": mine}).json() == 1
    assert api.post("/artifacts/count", json={"artifacts": mine}).json() == 2

    assert api.delete(f"/artifacts/{second['id']}").status_code == 204
    assert api.get(f"/artifacts/{key}/latest").json() == first
    (again,) = listed(api, "latest/filter", **mine)
    assert (again["id"], again["latest_id"]) == (collection["id"], first["id"])
    assert api.delete(f"/artifacts/{first['id']}").status_code == 204
    assert api.get(f"/artifacts/{key}/latest").json() == {"detail": "Artifact not found."}
    assert api.post("/artifacts/latest/count", json={"artifacts": mine}).json() == 0


def test_artifacts_are_found_by_their_run(api: httpx.Client, flow_id: str, run_id: str) -> None:
    artifact = made(api, flow_run_id=run_id, key=key_of_my_own())
    of_run = {"flow_runs": {"id": {"any_": [run_id]}}}

    assert listed(api, "filter", flow_run_id={"any_": [run_id]}) == [artifact]
    assert api.post("/artifacts/filter", json=of_run).json() == [artifact]
    assert api.post("/artifacts/latest/count", json=of_run).json() == 1
    of_flow = {"flows": {"id": {"any_": [flow_id]}}, "sort": "KEY_ASC"}
    assert api.post("/artifacts/filter", json=of_flow).json() == [artifact]
    assert api.post("/artifacts/count", json={**of_run, "deployments": {}}).json() == 0
    api.delete(f"/flow_runs/{run_id}")
    assert api.get(f"/artifacts/{artifact['id']}").json() == artifact


@pytest.mark.parametrize("path", ["filter", "latest/filter", "count", "latest/count"])
def test_lists_of_artifacts_refuse_what_they_do_not_know(api: httpx.Client, path: str) -> None:
    refused = api.post(f"/artifacts/{path}", json={"artifacts": {"size": 1}})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", "artifacts", "size"]
    too_many = api.post("/artifacts/filter", json={"limit": 201})
    assert too_many.status_code == 422
    assert "Invalid limit" in too_many.json()["detail"]


def test_an_artifact_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    path = f"/artifacts/{unknown}"
    for answer in (api.get(path), api.patch(path, json={"data": 1}), api.delete(path)):
        assert answer.status_code == 404
        assert answer.json() == {"detail": "Artifact not found."}
    assert api.get("/artifacts/no-such-key/latest").status_code == 404
