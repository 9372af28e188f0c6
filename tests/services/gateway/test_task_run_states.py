"""States of task runs can be proposed over HTTP and pass the rules of task runs."""

from typing import Any

import anyio
import httpx
import pytest

from tests.support.waiting import wait_until


def _task_run(api: httpx.Client, run_id: str | None, **more: Any) -> str:
    body = {"flow_run_id": run_id, "task_key": "load", "dynamic_key": "0", **more}
    return api.post("/task_runs/", json=body).json()["id"]


def _propose(api: httpx.Client, id: str, type: str, **fields: Any) -> httpx.Response:
    force = fields.pop("force", False)
    body = {"state": {"type": type, **fields}, "force": force}
    return api.post(f"/task_runs/{id}/set_state", json=body)


@pytest.fixture
def running_id(api: httpx.Client, run_id: str) -> str:
    """The id of a running flow run."""
    api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "RUNNING"}})
    return run_id


def test_a_task_run_begins_in_a_running_flow_run(api: httpx.Client, running_id: str) -> None:
    id = _task_run(api, running_id)
    answer = _propose(api, id, "RUNNING")
    assert (answer.status_code, answer.json()["status"]) == (201, "ACCEPT")
    details = answer.json()["state"]["state_details"]
    assert (details["task_run_id"], details["flow_run_id"]) == (id, running_id)
    read = api.get(f"/task_runs/{id}").json()
    assert (read["run_count"], read["flow_run_run_count"]) == (1, 1)
    assert read["state"] == answer.json()["state"]


def test_it_does_not_begin_in_one_that_does_not_run(api: httpx.Client, run_id: str) -> None:
    answer = _propose(api, _task_run(api, run_id), "RUNNING")
    assert (answer.status_code, answer.json()["status"]) == (200, "ABORT")
    reason = "The enclosing flow must be running to begin task execution."
    assert answer.json()["details"] == {"type": "abort_details", "reason": reason}


def test_a_failure_with_retries_left_becomes_a_retry(api: httpx.Client, running_id: str) -> None:
    id = _task_run(api, running_id, empirical_policy={"retries": 1, "retry_delay": 0})
    _propose(api, id, "RUNNING")
    answer = _propose(api, id, "FAILED", message="lost")
    assert (answer.status_code, answer.json()["status"]) == (201, "REJECT")
    assert answer.json()["details"] == {"type": "reject_details", "reason": "Retrying"}
    assert (answer.json()["state"]["name"], answer.json()["state"]["message"]) == (
        "AwaitingRetry",
        "lost",
    )
    assert _propose(api, id, "RUNNING").json()["state"]["name"] == "Retrying"
    last = _propose(api, id, "FAILED").json()
    assert (last["status"], last["state"]["type"]) == ("ACCEPT", "FAILED")


def test_a_completed_state_is_taken_over_by_its_cache_key(
    api: httpx.Client, running_id: str
) -> None:
    details = {"cache_key": f"key-{running_id}"}
    data = {"storage_key": "k"}
    first, *others = (_task_run(api, running_id, dynamic_key=str(n)) for n in range(50))
    _propose(api, first, "RUNNING", state_details=details)
    _propose(api, first, "COMPLETED", state_details=details, data=data)
    answers: list[dict[str, Any]] = []

    def is_cached() -> bool:
        answers.append(_propose(api, others.pop(), "RUNNING", state_details=details).json())
        return answers[-1]["status"] == "REJECT"

    anyio.run(wait_until, is_cached)
    cached = answers[-1]
    assert (cached["state"]["name"], cached["state"]["data"]) == ("Cached", data)
    assert cached["details"]["reason"] == "Retrieved state from cache"


def test_a_background_task_run_is_claimed_once(api: httpx.Client, run_id: str) -> None:
    deferred = {"deferred": True}
    state = {"type": "SCHEDULED", "state_details": deferred}
    id = _task_run(api, None, dynamic_key=run_id, state=state)
    assert _propose(api, id, "PENDING", state_details=deferred).json()["status"] == "ACCEPT"
    again = _propose(api, id, "PENDING", state_details=deferred, force=True)
    assert again.json()["status"] == "ABORT"


def test_the_same_transition_again_gets_its_first_answer(
    api: httpx.Client, running_id: str
) -> None:
    id = _task_run(api, running_id)
    details = {"transition_id": running_id}
    first = _propose(api, id, "RUNNING", state_details=details)
    _propose(api, id, "COMPLETED")
    again = _propose(api, id, "RUNNING", state_details=details)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert api.get(f"/task_runs/{id}").json()["run_count"] == 1


def test_unpersisted_data_is_echoed_and_not_stored(api: httpx.Client, running_id: str) -> None:
    id = _task_run(api, running_id)
    data = {"type": "unpersisted"}
    assert _propose(api, id, "COMPLETED", data=data).json()["state"]["data"] == data
    assert api.get(f"/task_runs/{id}").json()["state"]["data"] is None


def test_a_task_run_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    answer = _propose(api, unknown, "RUNNING")
    assert answer.status_code == 404
    assert answer.json() == {"exception_message": f"Task run with id {unknown} not found"}
