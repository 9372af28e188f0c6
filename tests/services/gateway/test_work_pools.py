"""Work pools, their queues and workers are kept, and runs are handed out as limits allow."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import accumulate, count
from typing import Any

import httpx
import pytest

from headgate.clock import now
from tests.services.gateway.test_deployments import CONFLICT

_numbers = count(1)

DONE = {"type": "COMPLETED", "data": {"type": "stored"}}


@pytest.fixture
def pool(api: httpx.Client) -> Iterator[str]:
    """The name of a work pool with queues `default` (1), `low` (2) and `high` (now 1)."""
    name = f"pool-{next(_numbers)}"
    made = api.post("/work_pools/", json={"name": name, "type": "process"})
    assert made.status_code == 201, made.text
    for queue in ({"name": "low"}, {"name": "high", "priority": 1}):
        assert api.post(f"/work_pools/{name}/queues", json=queue).status_code == 201
    yield name
    api.delete(f"/work_pools/{name}")


def queues(api: httpx.Client, pool: str) -> list[tuple[str, int]]:
    found = api.post(f"/work_pools/{pool}/queues/filter", json={}).json()
    return [(queue["name"], queue["priority"]) for queue in found]


def waits(api: httpx.Client, flow_id: str, pool: str, queue: str, hours: float = 0) -> str:
    """The id of a run that waits in a queue, due some hours from now."""
    due = (now() + timedelta(hours=hours)).isoformat()
    body = {
        "flow_id": flow_id, "work_pool_name": pool, "work_queue_name": queue,
        "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": due}},
    }  # fmt: skip
    return api.post("/flow_runs/", json=body).json()["id"]


def polled(api: httpx.Client, pool: str, **asked: Any) -> list[str]:
    answer = api.post(f"/work_pools/{pool}/get_scheduled_flow_runs", json=asked)
    assert answer.status_code == 200, answer.text
    return [each["flow_run"]["id"] for each in answer.json()]


def begins(api: httpx.Client, run_id: str) -> bool:
    """Whether the run was claimed."""
    state = {"state": {"type": "PENDING"}}
    return api.post(f"/flow_runs/{run_id}/set_state", json=state).json()["status"] == "ACCEPT"


def state(api: httpx.Client, run_id: str) -> str:
    return api.get(f"/flow_runs/{run_id}").json()["state_type"]


def test_a_pool_comes_with_a_default_queue(api: httpx.Client, pool: str) -> None:
    made = api.get(f"/work_pools/{pool}").json()
    default = api.get(f"/work_pools/{pool}/queues/default").json()

    assert made["default_queue_id"] == default["id"]
    assert (made["status"], made["type"], made["active_slots"]) == ("NOT_READY", "process", None)
    assert made["storage_configuration"]["bundle_upload_step"] is None
    assert default["work_pool_name"] == pool
    assert api.get(f"/work_queues/{default['id']}").json() == default


def test_a_pool_is_named_once_and_not_as_ours(api: httpx.Client, pool: str) -> None:
    again = api.post("/work_pools/", json={"name": pool})
    why = "A work pool with this name already exists."
    assert (again.status_code, again.json()) == (409, {"detail": why})
    assert api.post("/work_pools/", json={"name": "Prefect-pool"}).status_code == 403


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ({"variables": {}}, "must contain both"),
        ({"variables": 1, "job_configuration": {"a": "{{ b }}"}}, "variable(s): b."),
        (
            {"variables": {"properties": {"x": {}}}, "job_configuration": ["{{ x }} {{ y }}"]},
            "variable(s): y.",
        ),
    ],
)
def test_a_job_template_is_whole(
    api: httpx.Client, pool: str, template: dict[str, Any], why: str
) -> None:
    body = {"name": f"{pool}-t", "base_job_template": template}
    for answer in (
        api.post("/work_pools/", json=body),
        api.patch(f"/work_pools/{pool}", json={"base_job_template": template}),
    ):
        assert answer.status_code == 422
        assert why in answer.json()["exception_detail"][0]["msg"]


def test_a_pool_is_paused_changed_and_woken(api: httpx.Client, pool: str) -> None:
    path = f"/work_pools/{pool}"
    fields = {"description": "d", "concurrency_limit": 3, "is_paused": True}
    assert api.patch(path, json=fields).status_code == 204
    changed = api.get(path).json()
    assert {name: changed[name] for name in fields} == fields
    assert (changed["status"], changed["active_slots"]) == ("PAUSED", 0)
    template = {"variables": {}, "job_configuration": {"a": "{{ prefect.blocks.a }}"}}
    woken = {"is_paused": False, "base_job_template": template, "storage_configuration": None}
    assert api.patch(path, json=woken).status_code == 204
    assert api.get(path).json()["status"] == "NOT_READY"
    assert api.get(path).json()["base_job_template"] == template


def test_a_pool_is_listed_and_counted(api: httpx.Client, pool: str) -> None:
    named = {"work_pools": {"name": {"any_": [pool]}}}
    assert [each["name"] for each in api.post("/work_pools/filter", json=named).json()] == [pool]
    assert api.post("/work_pools/count", json=named).json() == 1


def test_what_is_not_there_is_not_found(api: httpx.Client, pool: str, unknown: str) -> None:
    of_queue = f"Work pool queue '{pool}/none' not found."
    for method, path, why in (
        ("GET", "/work_pools/none", 'Work pool "none" not found.'),
        ("PATCH", "/work_pools/none", 'Work pool "none" not found.'),
        ("DELETE", "/work_pools/none", 'Work pool "none" not found.'),
        ("GET", f"/work_pools/{pool}/queues/none", of_queue),
        ("DELETE", f"/work_pools/{pool}/queues/none", of_queue),
        ("GET", "/work_pools/none/queues/none", "Work pool queue 'none/none' not found."),
        ("GET", f"/work_queues/{unknown}", "work queue not found"),
        ("DELETE", f"/work_queues/{unknown}", "work queue not found"),
        ("PATCH", f"/work_queues/{unknown}", f"Work Queue {unknown} not found"),
        ("GET", "/work_queues/name/none", "work queue not found"),
        ("DELETE", f"/work_pools/{pool}/workers/none", "Worker not found."),
        ("POST", f"/work_queues/{unknown}/get_runs", "work queue not found"),
    ):
        answer = api.request(method, path, json={} if method in ("PATCH", "POST") else None)
        assert (answer.status_code, answer.json()) == (404, {"detail": why}), (method, path)
    for method, path in (("GET", "status"), ("POST", "concurrency_status")):
        answer = api.request(method, f"/work_queues/{unknown}/{path}", json={})
        assert answer.status_code == 404


def test_queues_make_room_for_a_more_urgent_one(api: httpx.Client, pool: str) -> None:
    assert queues(api, pool) == [("high", 1), ("default", 2), ("low", 3)]
    path = f"/work_pools/{pool}/queues/low"
    assert api.patch(path, json={"priority": 1, "name": None}).status_code == 204
    assert queues(api, pool) == [("low", 1), ("high", 2), ("default", 3)]


def test_a_queue_is_named_once_in_its_pool(api: httpx.Client, pool: str) -> None:
    again = api.post(f"/work_pools/{pool}/queues", json={"name": "low"})
    assert again.status_code == 409
    assert "already exists" in again.json()["detail"]
    renamed = api.patch(f"/work_pools/{pool}/queues/low", json={"name": "high"})
    assert (renamed.status_code, renamed.json()) == (409, {"detail": CONFLICT})


def test_a_queue_is_paused_and_woken(api: httpx.Client, pool: str) -> None:
    id = api.get(f"/work_pools/{pool}/queues/low").json()["id"]
    for paused, status in ((True, "PAUSED"), (False, "NOT_READY")):
        body = {"is_paused": paused, "concurrency_limit": 0}
        assert api.patch(f"/work_queues/{id}", json=body).status_code == 204
        queue = api.get(f"/work_queues/{id}").json()
        assert (queue["is_paused"], queue["status"], queue["active_slots"]) == (paused, status, 0)


def test_a_queue_may_name_no_pool(api: httpx.Client) -> None:
    name = f"alone-{next(_numbers)}"
    made = api.post("/work_queues/", json={"name": name, "is_paused": True})
    assert made.status_code == 201
    assert made.json()["work_pool_name"] == "default-agent-pool"
    assert api.get(f"/work_queues/name/{name}").json() == made.json()
    found = api.post("/work_queues/filter", json={"work_queues": {"name": {"any_": [name]}}})
    assert found.json() == [made.json()]
    assert api.delete(f"/work_queues/{made.json()['id']}").status_code == 204


def test_a_queue_of_no_pool_is_named_once_and_can_be(api: httpx.Client) -> None:
    name = f"alone-{next(_numbers)}"
    assert api.post("/work_queues/", json={"name": name}).status_code == 201
    again = api.post("/work_queues/", json={"name": name})
    assert again.status_code == 409
    assert "already exists in work pool 'default-agent-pool'" in again.json()["detail"]
    for body, field in (({"name": "a/b"}, "name"), ({"name": "a", "priority": 0}, "priority")):
        refused = api.post("/work_queues/", json=body)
        assert refused.status_code == 422
        assert refused.json()["exception_detail"][0]["loc"] == ["body", field]


def test_runs_are_handed_out_by_urgency_then_time(
    api: httpx.Client, pool: str, flow_id: str
) -> None:
    low = waits(api, flow_id, pool, "low", hours=-2)
    late, early = (waits(api, flow_id, pool, "high", hours=hours) for hours in (1, -1))

    assert polled(api, pool) == [early, late, low]
    assert polled(api, pool, limit=2) == [early, late]
    assert polled(api, pool, work_queue_names=["low"]) == [low]
    assert polled(api, pool, scheduled_before=str(now())) == [early, low]
    assert polled(api, pool, scheduled_after=str(now())) == [late]
    too_many = api.post(f"/work_pools/{pool}/get_scheduled_flow_runs", json={"limit": 201})
    assert too_many.status_code == 422


def test_limits_leave_room_for_so_many(api: httpx.Client, pool: str, flow_id: str) -> None:
    runs = [waits(api, flow_id, pool, "low", hours=n) for n in range(3)]
    api.patch(f"/work_pools/{pool}/queues/low", json={"concurrency_limit": 2})
    assert polled(api, pool) == runs[:2]
    begins(api, runs[0])
    assert polled(api, pool) == runs[1:2]
    api.patch(f"/work_pools/{pool}", json={"concurrency_limit": 1})
    assert polled(api, pool) == []
    assert api.get(f"/work_pools/{pool}").json()["active_slots"] == 1

    slots = api.post(f"/work_pools/{pool}/concurrency_status", json={}).json()
    assert (slots["active_slots"], slots["concurrency_limit"], slots["count"]) == (1, 1, 3)
    (of_low,) = [each for each in slots["queues"] if each["queue_name"] == "low"]
    assert [run["id"] for run in of_low["flow_runs"]] == [runs[0]]
    queue = api.post(f"/work_queues/{of_low['queue_id']}/concurrency_status", json={}).json()
    assert (queue["active_slots"], queue["flow_runs"][0]["state_type"]) == (1, "PENDING")
    wrong = api.post(f"/work_pools/{pool}/concurrency_status", json={"page": 0})
    assert wrong.status_code == 422


def test_a_run_that_its_own_process_retries_is_not_handed_out(
    api: httpx.Client, pool: str, flow_id: str
) -> None:
    """Edge case 28: and it is again when the retry is not its process's any more."""
    run = waits(api, flow_id, pool, "low", hours=-1)
    policy = {"retries": 1, "retry_delay": 0}
    api.patch(f"/flow_runs/{run}", json={"empirical_policy": policy})
    for type in ("PENDING", "RUNNING", "FAILED"):
        answer = api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": type}})
    assert answer.json()["state"]["name"] == "AwaitingRetry"
    assert api.get(f"/flow_runs/{run}").json()["empirical_policy"]["retry_type"] == "in_process"
    assert polled(api, pool) == []
    api.patch(f"/flow_runs/{run}", json={"empirical_policy": policy})
    assert polled(api, pool) == [run]


@pytest.mark.parametrize("limited", ["the pool", "its queue"])
def test_pollers_at_once_never_exceed_the_limit(
    api: httpx.Client, pool: str, flow_id: str, limited: str
) -> None:
    path = f"/work_pools/{pool}" + ("" if limited == "the pool" else "/queues/low")
    assert api.patch(path, json={"concurrency_limit": 2}).status_code == 204
    runs = [waits(api, flow_id, pool, "low", hours=-1 - n) for n in range(16)]

    def work() -> int:
        done = 0
        while any(state(api, run) == "SCHEDULED" for run in runs):
            for run in polled(api, pool):
                if begins(api, run):
                    api.post(f"/flow_runs/{run}/set_state", json={"state": DONE})
                    done += 1
        return done

    with ThreadPoolExecutor(3) as workers:
        done = [each.result() for each in [workers.submit(work) for _ in range(3)]]
    assert sum(done) == len(runs)
    changes: list[tuple[str, int]] = []
    for run in runs:
        states = api.get("/flow_run_states/", params={"flow_run_id": run}).json()
        claimed, ended = states[-2:]
        assert (claimed["type"], ended["type"]) == ("PENDING", "COMPLETED")
        changes += [(claimed["timestamp"], 1), (ended["timestamp"], -1)]
    at_once = list(accumulate(change for _, change in sorted(changes)))
    assert max(at_once) <= 2


def test_paused_pools_and_queues_hand_out_nothing(
    api: httpx.Client, pool: str, flow_id: str
) -> None:
    run = waits(api, flow_id, pool, "low")
    queue = api.get(f"/work_pools/{pool}/queues/low").json()
    assert api.post(f"/work_queues/{queue['id']}/get_runs", json={}).json()[0]["id"] == run
    for path in (f"/work_pools/{pool}", f"/work_pools/{pool}/queues/low"):
        api.patch(path, json={"is_paused": True})
        assert polled(api, pool) == []
        api.patch(path, json={"is_paused": False})
    api.patch(f"/work_queues/{queue['id']}", json={"is_paused": True})
    assert api.post(f"/work_queues/{queue['id']}/get_runs", json={}).json() == []


def test_polling_is_noted(api: httpx.Client, pool: str, flow_id: str) -> None:
    body = {"name": "d", "flow_id": flow_id, "work_pool_name": pool, "work_queue_name": "made"}
    deployment = api.post("/deployments/", json=body).json()
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == (pool, "made")
    id = deployment["work_queue_id"]
    assert api.get(f"/work_queues/{id}/status").json()["healthy"] is False
    polled(api, pool)

    assert api.get(f"/work_queues/{id}").json()["status"] == "READY"
    assert api.get(f"/work_queues/{id}/status").json()["healthy"] is True
    assert api.get(f"/deployments/{deployment['id']}").json()["status"] == "READY"
    before = api.get(f"/work_queues/{id}").json()
    polled(api, pool)
    assert api.get(f"/work_queues/{id}").json() == before


def test_a_queue_with_a_late_run_is_not_healthy(api: httpx.Client, pool: str, flow_id: str) -> None:
    run = waits(api, flow_id, pool, "low", hours=1)
    path = f"/work_queues/{api.get(f'/work_pools/{pool}/queues/low').json()['id']}/status"
    polled(api, pool)
    health = api.get(path).json()
    assert (health["healthy"], health["late_runs_count"]) == (True, 0)
    assert health["last_polled"] is not None
    assert health["health_check_policy"] == {
        "maximum_late_runs": 0,
        "maximum_seconds_since_last_polled": 60,
    }
    late = {"state": {"type": "SCHEDULED", "name": "Late"}, "force": True}
    assert api.post(f"/flow_runs/{run}/set_state", json=late).status_code == 201
    health = api.get(path).json()
    assert (health["healthy"], health["late_runs_count"]) == (False, 1)


def test_a_run_waits_where_its_deployment_says(api: httpx.Client, pool: str, flow_id: str) -> None:
    body = {"name": "d", "flow_id": flow_id, "work_pool_name": pool}
    deployment = api.post("/deployments/", json=body).json()
    assert deployment["work_queue_name"] == "default"
    path = f"/deployments/{deployment['id']}"
    asked: tuple[dict[str, str], ...] = ({}, {"work_queue_name": "new"})
    runs = [api.post(f"{path}/create_flow_run", json=each).json() for each in asked]
    assert [run["work_queue_name"] for run in runs] == ["default", "new"]
    assert {run["work_pool_name"] for run in runs} == {pool}
    api.patch(path, json={"work_queue_name": "high"})
    assert api.get(path).json()["work_queue_name"] == "high"
    nowhere = api.post("/deployments/", json={**body, "work_pool_name": "none"})
    assert (nowhere.status_code, nowhere.json()["detail"]) == (404, 'Work pool "none" not found.')


def test_deployments_outlive_their_queue_and_pool(
    api: httpx.Client, pool: str, flow_id: str
) -> None:
    body = {"flow_id": flow_id, "work_pool_name": pool}
    ids = [
        api.post("/deployments/", json={**body, "name": name, "work_queue_name": name}).json()["id"]
        for name in ("low", "high")
    ]
    assert api.delete(f"/work_pools/{pool}/queues/low").status_code == 204
    assert api.delete(f"/work_pools/{pool}").status_code == 204
    for id, name in zip(ids, ("low", "high"), strict=True):
        left = api.get(f"/deployments/{id}").json()
        assert (left["work_pool_name"], left["work_queue_id"]) == (None, None)
        assert left["work_queue_name"] == name
    assert api.get(f"/work_pools/{pool}/queues/default").status_code == 404


def test_a_worker_that_lives_makes_its_pool_ready(api: httpx.Client, pool: str) -> None:
    path = f"/work_pools/{pool}/workers"
    for body in ({"name": "w", "heartbeat_interval_seconds": 30}, {"name": "w"}):
        assert api.post(f"{path}/heartbeat", json=body).status_code == 204
    (worker,) = api.post(f"{path}/filter", json={"workers": None, "limit": None}).json()
    assert (worker["name"], worker["status"]) == ("w", "ONLINE")
    assert worker["heartbeat_interval_seconds"] == 30
    assert api.get(f"/work_pools/{pool}").json()["status"] == "READY"
    for paused in (True, False):
        api.patch(f"/work_pools/{pool}", json={"is_paused": paused})
    assert api.get(f"/work_pools/{pool}").json()["status"] == "READY"
    assert api.delete(f"{path}/w").status_code == 204
    assert api.post(f"{path}/filter", json={}).json() == []
