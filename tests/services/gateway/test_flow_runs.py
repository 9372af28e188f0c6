"""Flow runs are created, found again by their keys, read with every field, and amended."""

from typing import Any

import httpx
import pytest

from headgate.clock import new_id

FIELDS = {
    "id", "created", "updated", "name", "flow_id", "state_id", "deployment_id",
    "deployment_version", "work_queue_id", "work_queue_name", "flow_version", "parameters",
    "idempotency_key", "context", "empirical_policy", "tags", "labels", "parent_task_run_id",
    "state_type", "state_name", "run_count", "expected_start_time", "next_scheduled_start_time",
    "start_time", "end_time", "total_run_time", "estimated_run_time",
    "estimated_start_time_delta", "auto_scheduled", "infrastructure_document_id",
    "infrastructure_pid", "created_by", "work_pool_id", "work_pool_name", "state",
    "job_variables",
}  # fmt: skip


def _create(api: httpx.Client, **fields: Any) -> httpx.Response:
    return api.post("/flow_runs/", json=fields)


def test_a_run_is_created_pending_with_every_field(api: httpx.Client, flow_id: str) -> None:
    answer = _create(api, flow_id=flow_id, name=None, parameters={"n": 1}, tags=["x"])
    run = answer.json()
    assert answer.status_code == 201
    assert set(run) == FIELDS
    assert (run["state_type"], run["state"]["name"], run["run_count"]) == ("PENDING", "Pending", 0)
    assert run["state"]["id"] == run["state_id"]
    assert len(run["state"]["state_details"]) == 18
    assert (run["parameters"], run["tags"], run["job_variables"]) == ({"n": 1}, ["x"], {})
    assert len(run["name"].split("-")) == 2


def test_labels_are_the_flows_and_whose_run_it_is_and_the_clients(
    api: httpx.Client, flow_id: str
) -> None:
    run = _create(api, flow_id=flow_id, labels={"team": "b", "x": 1}).json()
    assert run["labels"] == {"team": "b", "prefect.flow.id": flow_id, "x": 1}


def test_a_key_creates_one_run_for_each_flow(api: httpx.Client, flow_id: str) -> None:
    first = _create(api, flow_id=flow_id, idempotency_key="k", name="one")
    again = _create(api, flow_id=flow_id, idempotency_key="k", name="two")
    other_flow = api.post("/flows/", json={"name": f"other-{new_id()}"}).json()["id"]
    other = _create(api, flow_id=other_flow, idempotency_key="k")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 201)
    assert again.json()["id"] == first.json()["id"] != other.json()["id"]
    assert again.json()["name"] == "one"


def test_a_run_without_its_flow_or_parent_conflicts(
    api: httpx.Client, flow_id: str, unknown: str
) -> None:
    for answer in (
        _create(api, flow_id=unknown),
        _create(api, flow_id=flow_id, parent_task_run_id=unknown),
    ):
        assert answer.status_code == 409
        assert answer.json()["detail"].startswith("Data integrity conflict.")


def test_a_run_is_read_as_it_was_written(api: httpx.Client, run_id: str) -> None:
    api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "RUNNING"}})
    run = api.get(f"/flow_runs/{run_id}").json()
    assert (run["state_type"], run["run_count"]) == ("RUNNING", 1)
    assert run["estimated_run_time"] > 0
    assert run["start_time"] == run["state"]["timestamp"]


def test_a_run_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    for answer in (
        api.get(f"/flow_runs/{unknown}"),
        api.patch(f"/flow_runs/{unknown}", json={"name": "x"}),
    ):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Flow run not found"})
    answer = api.patch(f"/flow_runs/{unknown}/labels", json={"x": "1"})
    assert answer.status_code == 404
    assert answer.json() == {"exception_message": f"Flow run with id {unknown} not found"}


def test_an_amendment_changes_what_it_names_and_nothing_else(
    api: httpx.Client, run_id: str
) -> None:
    before = api.get(f"/flow_runs/{run_id}").json()
    changed = {"name": "renamed", "tags": ["t"], "infrastructure_pid": "host:1"}
    policy = {"retries": 1, "retry_delay": 0}
    answer = api.patch(f"/flow_runs/{run_id}", json={**changed, "empirical_policy": policy})
    after = api.get(f"/flow_runs/{run_id}").json()
    assert (answer.status_code, answer.content) == (204, b"")
    assert {name: after[name] for name in changed} == changed
    assert after["empirical_policy"] == {**before["empirical_policy"], **policy}
    kept = FIELDS - {*changed, "empirical_policy", "updated", "estimated_start_time_delta"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_the_older_names_of_retries_fill_the_newer(
    api: httpx.Client, flow_id: str, run_id: str
) -> None:
    older = {"max_retries": 2, "retry_delay_seconds": 3.0}
    filled = {**older, "retries": 2, "retry_delay": 3}
    made = _create(api, flow_id=flow_id, empirical_policy=older).json()
    assert made["empirical_policy"].items() >= filled.items()
    path = f"/flow_runs/{run_id}"
    assert api.patch(path, json={"empirical_policy": older}).status_code == 204
    assert api.get(path).json()["empirical_policy"].items() >= filled.items()
    refused = api.patch(path, json={"empirical_policy": {"retries": "many"}})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", "empirical_policy", "retries"]


@pytest.mark.parametrize("name", [None, ""])
def test_no_name_is_a_new_one(api: httpx.Client, run_id: str, name: str | None) -> None:
    before = api.get(f"/flow_runs/{run_id}").json()["name"]
    assert api.patch(f"/flow_runs/{run_id}", json={"name": name}).status_code == 204
    assert api.get(f"/flow_runs/{run_id}").json()["name"] not in (before, name, None)


def test_labels_are_merged(api: httpx.Client, run_id: str) -> None:
    assert api.patch(f"/flow_runs/{run_id}/labels", json={"x": "1", "n": 2}).status_code == 204
    assert api.patch(f"/flow_runs/{run_id}/labels", json={"x": "2"}).status_code == 204
    labels = api.get(f"/flow_runs/{run_id}").json()["labels"]
    assert (labels["x"], labels["n"], labels["team"]) == ("2", 2, "a")


@pytest.mark.parametrize(
    ("state", "detail"),
    [
        ("PENDING", "Job variables for a flow run in state PENDING cannot be updated"),
        ("SCHEDULED", "A deployment for the flow run could not be found"),
    ],
)
def test_job_variables_are_for_scheduled_runs_of_deployments(
    api: httpx.Client, flow_id: str, state: str, detail: str
) -> None:
    run = _create(api, flow_id=flow_id, state={"type": state}).json()
    answer = api.patch(f"/flow_runs/{run['id']}", json={"job_variables": {"j": 1}})
    assert (answer.status_code, answer.json()) == (400, {"detail": detail})


def test_job_variables_are_nothing_to_a_deployment_that_was_deleted(
    api: httpx.Client, flow_id: str
) -> None:
    deployment = api.post("/deployments/", json={"flow_id": flow_id, "name": "d"}).json()["id"]
    run = api.post(f"/deployments/{deployment}/create_flow_run", json={"state": None}).json()
    assert api.post(
        f"/flow_runs/{run['id']}/set_state", json={"state": {"type": "RUNNING"}, "force": True}
    ).is_success
    api.delete(f"/deployments/{deployment}")
    scheduled = {"state": {"type": "SCHEDULED"}, "force": True}
    assert api.post(f"/flow_runs/{run['id']}/set_state", json=scheduled).is_success
    answer = api.patch(f"/flow_runs/{run['id']}", json={"job_variables": {"j": 1}})
    said = {"detail": "A deployment for the flow run could not be found"}
    assert (answer.status_code, answer.json()) == (400, said)


def test_a_subflow_knows_its_parent_and_its_placeholder_follows_it(
    api: httpx.Client, flow_id: str, run_id: str
) -> None:
    placeholder = api.post(
        "/task_runs/", json={"flow_run_id": run_id, "task_key": "child", "dynamic_key": "0"}
    ).json()
    child = _create(api, flow_id=flow_id, parent_task_run_id=placeholder["id"]).json()
    assert child["state"]["state_details"]["task_run_id"] == placeholder["id"]
    wanted = {"flow_runs": {"parent_task_run_id": {"any_": [placeholder["id"]]}}, "limit": 1}
    found = api.post("/flow_runs/filter", json=wanted).json()
    assert [run["id"] for run in found] == [child["id"]]
