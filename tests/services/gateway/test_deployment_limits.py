"""Runs of a deployment with a concurrency limit wait for a slot, or are cancelled, over HTTP."""

from typing import Any

import httpx
import pytest

from headgate.clock import new_id


@pytest.fixture
def deploy(api: httpx.Client, flow_id: str) -> Any:
    """Makes a deployment with these fields; what clients are shown of it."""

    def make(**fields: Any) -> dict[str, Any]:
        made = api.post(
            "/deployments/", json={"name": f"d-{new_id()}", "flow_id": flow_id, **fields}
        )
        assert made.status_code == 201, made.text
        return made.json()

    return make


def run_of(api: httpx.Client, deployment: dict[str, Any]) -> str:
    made = api.post(f"/deployments/{deployment['id']}/create_flow_run", json={})
    assert made.status_code == 201, made.text
    return made.json()["id"]


def move(api: httpx.Client, run: str, type: str, **state: Any) -> dict[str, Any]:
    headers = {"user-agent": "prefect/3.9.1 (API 0.8.4)"}
    body = {"state": {"type": type, **state}}
    return api.post(f"/flow_runs/{run}/set_state", json=body, headers=headers).json()


def slots(api: httpx.Client, deployment: dict[str, Any]) -> int:
    return api.get(f"/v2/concurrency_limits/deployment:{deployment['id']}").json()["active_slots"]


def test_the_number_is_shown_as_a_limit(api: httpx.Client, deploy: Any) -> None:
    """Edge case 64: a number and a limit are too much."""
    deployment = deploy(concurrency_limit=2)
    limit = deployment["global_concurrency_limit"]
    assert (deployment["concurrency_limit"], limit["limit"]) == (None, 2)
    assert limit["name"] == f"deployment:{deployment['id']}"
    wanted = {"deployments": {"id": {"any_": [deployment["id"]]}}}
    (listed,) = api.post("/deployments/filter", json=wanted).json()
    assert listed["global_concurrency_limit"] == limit
    path = f"/deployments/{deployment['id']}"
    assert api.patch(path, json={"concurrency_limit": None}).status_code == 204
    assert api.get(path).json()["global_concurrency_limit"] is None
    assert api.get(f"/v2/concurrency_limits/{limit['name']}").status_code == 404
    assert api.patch(path, json={"concurrency_limit": 0}).status_code == 422
    both = {"concurrency_limit": 1, "global_concurrency_limit_id": str(new_id())}
    assert api.patch(path, json=both).status_code == 422
    unknown = {"global_concurrency_limit_id": str(new_id())}
    assert api.patch(path, json=unknown).status_code == 404


@pytest.mark.parametrize(
    ("options", "type", "name"),
    [
        (None, "SCHEDULED", "AwaitingConcurrencySlot"),
        ({"collision_strategy": "ENQUEUE"}, "SCHEDULED", "AwaitingConcurrencySlot"),
        ({"collision_strategy": "CANCEL_NEW"}, "CANCELLED", "Cancelled"),
    ],
)
def test_a_run_without_a_slot(
    api: httpx.Client, deploy: Any, options: Any, type: str, name: str
) -> None:
    deployment = deploy(concurrency_limit=1, concurrency_options=options)
    first, second = run_of(api, deployment), run_of(api, deployment)
    accepted = move(api, first, "PENDING")
    assert accepted["status"] == "ACCEPT"
    assert accepted["state"]["state_details"]["deployment_concurrency_lease_id"]
    rejected = move(api, second, "PENDING")
    assert (rejected["status"], rejected["details"]["reason"]) == (
        "REJECT",
        "Deployment concurrency limit reached.",
    )
    assert (rejected["state"]["type"], rejected["state"]["name"]) == (type, name)
    assert slots(api, deployment) == 1


def test_a_slot_comes_free_when_the_run_ends(api: httpx.Client, deploy: Any) -> None:
    deployment = deploy(concurrency_limit=1)
    first, second = run_of(api, deployment), run_of(api, deployment)
    for type in ("PENDING", "RUNNING"):
        assert move(api, first, type)["status"] == "ACCEPT"
    lease = move(api, first, "COMPLETED")["state"]["state_details"]
    assert lease["deployment_concurrency_lease_id"]
    for _ in range(100):  # the log is the outbox: the slot follows a moment later
        if move(api, second, "PENDING")["state"]["type"] == "PENDING":
            break
    assert slots(api, deployment) == 1
    assert api.delete(f"/flow_runs/{second}").status_code == 204
    for _ in range(100):
        if slots(api, deployment) == 0:
            break
    assert slots(api, deployment) == 0


def test_of_many_runs_at_once_the_first_have_the_slots(api: httpx.Client, deploy: Any) -> None:
    deployment = deploy(concurrency_limit=2)
    ids = [run_of(api, deployment) for _ in range(6)]
    body = {"flow_runs": {"id": {"any_": ids}}, "state": {"type": "PENDING"}}
    results = api.post("/flow_runs/bulk_set_state", json=body).json()["results"]

    assert [each["status"] for each in results] == ["ACCEPT"] * 2 + ["REJECT"] * 4
    assert slots(api, deployment) == 2
