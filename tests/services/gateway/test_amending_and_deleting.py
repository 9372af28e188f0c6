"""Runs are renamed and deleted; what is deleted is not found, not listed and not written to."""

from typing import Any

import httpx


def _task_run(api: httpx.Client, run_id: str, key: str = "a") -> str:
    body = {"flow_run_id": run_id, "task_key": key, "dynamic_key": "0"}
    return api.post("/task_runs/", json=body).json()["id"]


def _log(api: httpx.Client, **of: str) -> None:
    line: dict[str, Any] = {"name": "n", "level": 20, "message": "m", **of}
    api.post("/logs/", json=[{**line, "timestamp": "2026-01-01T00:00:00Z"}])


def test_a_task_run_is_renamed(api: httpx.Client, run_id: str, unknown: str) -> None:
    id = _task_run(api, run_id)
    assert api.patch(f"/task_runs/{id}", json={"name": "renamed"}).status_code == 204
    assert api.get(f"/task_runs/{id}").json()["name"] == "renamed"
    assert api.patch(f"/task_runs/{id}", json={}).status_code == 204
    assert api.get(f"/task_runs/{id}").json()["name"] == "renamed"
    assert api.patch(f"/task_runs/{id}", json={"tags": []}).status_code == 422
    missing = api.patch(f"/task_runs/{unknown}", json={"name": "x"})
    assert (missing.status_code, missing.json()) == (404, {"detail": "Task run not found"})


def test_a_deleted_task_run_leaves_nothing(api: httpx.Client, run_id: str) -> None:
    id = _task_run(api, run_id)
    _log(api, flow_run_id=run_id, task_run_id=id)
    assert api.delete(f"/task_runs/{id}").status_code == 204
    assert api.get(f"/task_runs/{id}").status_code == 404
    assert api.get("/task_run_states/", params={"task_run_id": id}).json() == []
    of_task = {"logs": {"task_run_id": {"any_": [id]}}}
    assert api.post("/logs/filter", json=of_task).json() == []
    again = api.delete(f"/task_runs/{id}")
    assert (again.status_code, again.json()) == (404, {"detail": "Task not found"})
    # its place is free
    assert _task_run(api, run_id)


def test_a_deleted_flow_run_takes_everything_along(api: httpx.Client, run_id: str) -> None:
    task_runs = [_task_run(api, run_id, key) for key in "abc"]
    _log(api, flow_run_id=run_id)
    assert api.delete(f"/flow_runs/{run_id}").status_code == 204
    assert api.get(f"/flow_runs/{run_id}").status_code == 404
    assert [api.get(f"/task_runs/{id}").status_code for id in task_runs] == [404, 404, 404]
    assert api.get("/flow_run_states/", params={"flow_run_id": run_id}).json() == []
    of_run = {"any_": [run_id]}
    assert api.post("/task_runs/count", json={"task_runs": {"flow_run_id": of_run}}).json() == 0
    assert api.post("/flow_runs/count", json={"flow_runs": {"id": of_run}}).json() == 0
    assert api.post("/logs/filter", json={"logs": {"flow_run_id": of_run}}).json() == []


def test_a_deleted_flow_run_is_not_found(api: httpx.Client, run_id: str) -> None:
    state = {"state": {"type": "RUNNING"}}
    assert api.post(f"/flow_runs/{run_id}/set_state", json=state).status_code == 201
    api.delete(f"/flow_runs/{run_id}")
    answer = api.post(f"/flow_runs/{run_id}/set_state", json=state)
    assert answer.json() == {"exception_message": f"Flow run with id {run_id} not found"}
    again = api.delete(f"/flow_runs/{run_id}")
    assert (again.status_code, again.json()) == (404, {"detail": "Flow run not found"})


def test_flow_runs_are_deleted_by_a_filter(api: httpx.Client, flow_id: str) -> None:
    ids = [api.post("/flow_runs/", json={"flow_id": flow_id}).json()["id"] for _ in range(3)]
    wanted = {"flow_runs": {"id": {"any_": ids}}}
    some = api.post("/flow_runs/bulk_delete", json={**wanted, "limit": 2}).json()["deleted"]
    assert len(some) == 2
    rest = api.post("/flow_runs/bulk_delete", json={**wanted, "limit": None}).json()["deleted"]
    assert sorted(some + rest) == sorted(ids)
    assert api.post("/flow_runs/bulk_delete", json=wanted).json() == {"deleted": []}
    assert api.post("/flow_runs/bulk_delete", json={"limit": 51}).status_code == 422
