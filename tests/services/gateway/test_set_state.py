"""A proposed state is answered with what became of it and where the run is now."""

from typing import Any

import httpx
import pytest

from headgate.clock import new_id


def _propose(api: httpx.Client, run_id: str, type: str, **fields: Any) -> httpx.Response:
    force = fields.pop("force", False)
    body = {"state": {"type": type, **fields}, "force": force}
    return api.post(f"/flow_runs/{run_id}/set_state", json=body)


def test_an_accepted_state_is_created(api: httpx.Client, run_id: str) -> None:
    answer = _propose(api, run_id, "RUNNING")
    result = answer.json()
    assert answer.status_code == 201
    assert (result["status"], result["details"]) == ("ACCEPT", {"type": "accept_details"})
    assert (result["state"]["type"], result["state"]["name"]) == ("RUNNING", "Running")
    assert result["state"]["state_details"]["flow_run_id"] == run_id
    assert api.get(f"/flow_runs/{run_id}").json()["state"] == result["state"]


def test_an_aborted_state_leaves_the_run_where_it_is(api: httpx.Client, run_id: str) -> None:
    answer = _propose(api, run_id, "PENDING")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ABORT"
    reason = "This run is in a PENDING state and cannot transition to a PENDING state."
    assert answer.json()["details"] == {"type": "abort_details", "reason": reason}
    assert answer.json()["state"]["type"] == "PENDING"


def test_a_state_too_early_waits(api: httpx.Client, flow_id: str) -> None:
    later = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2999-01-01T00:00:00Z"}}
    run = api.post("/flow_runs/", json={"flow_id": flow_id, "state": later}).json()
    answer = _propose(api, run["id"], "RUNNING")
    assert (answer.status_code, answer.json()["status"]) == (200, "WAIT")
    assert answer.json()["details"]["type"] == "wait_details"
    assert answer.json()["details"]["delay_seconds"] > 1_000_000


def test_a_rejected_state_may_be_replaced_by_another(api: httpx.Client, flow_id: str) -> None:
    policy = {"retries": 1, "retry_delay": 0}
    created = api.post("/flow_runs/", json={"flow_id": flow_id, "empirical_policy": policy})
    run_id = created.json()["id"]
    _propose(api, run_id, "RUNNING")
    answer = _propose(api, run_id, "FAILED")
    assert (answer.status_code, answer.json()["status"]) == (201, "REJECT")
    assert answer.json()["state"]["name"] == "AwaitingRetry"
    assert answer.json()["details"] == {"type": "reject_details", "reason": "Retrying"}


def test_a_rejected_state_may_change_nothing(api: httpx.Client, run_id: str) -> None:
    for type in ("RUNNING", "CANCELLING"):
        _propose(api, run_id, type)
    answer = _propose(api, run_id, "RUNNING")
    assert (answer.status_code, answer.json()["status"]) == (200, "REJECT")
    assert answer.json()["state"]["type"] == "CANCELLING"


def test_force_asks_the_minimal_policy(api: httpx.Client, run_id: str) -> None:
    assert _propose(api, run_id, "PENDING", force=True).json()["status"] == "ACCEPT"


def test_a_repeated_transition_gets_its_first_answer(api: httpx.Client, run_id: str) -> None:
    details = {"transition_id": str(new_id())}
    first = _propose(api, run_id, "RUNNING", state_details=details)
    _propose(api, run_id, "COMPLETED")
    again = _propose(api, run_id, "RUNNING", state_details=details)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert api.get(f"/flow_runs/{run_id}").json()["run_count"] == 1


def test_a_transition_id_used_for_another_state_is_no_repeat(
    api: httpx.Client, run_id: str
) -> None:
    details = {"transition_id": str(new_id())}
    _propose(api, run_id, "RUNNING", state_details=details)
    answer = _propose(api, run_id, "COMPLETED", state_details=details)
    assert answer.json()["status"] == "REJECT"
    reason = "This run has already made this state transition."
    assert answer.json()["details"]["reason"] == reason


def test_unpersisted_data_is_echoed_and_not_stored(api: httpx.Client, run_id: str) -> None:
    data = {"type": "unpersisted"}
    answer = _propose(api, run_id, "COMPLETED", data=data)
    assert answer.json()["state"]["data"] == data
    assert api.get(f"/flow_runs/{run_id}").json()["state"]["data"] is None
    states = api.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
    assert states[-1]["data"] is None


@pytest.mark.parametrize("data", ["text", [1, 2], {"storage_key": "k"}, 0])
def test_other_data_is_stored(api: httpx.Client, run_id: str, data: object) -> None:
    assert _propose(api, run_id, "COMPLETED", data=data).json()["state"]["data"] == data
    assert api.get(f"/flow_runs/{run_id}").json()["state"]["data"] == data


def test_a_run_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    answer = _propose(api, unknown, "RUNNING")
    assert answer.status_code == 404
    assert answer.json() == {"exception_message": f"Flow run with id {unknown} not found"}


def test_explicit_nulls_are_defaults(api: httpx.Client, run_id: str) -> None:
    body = {"state": {"type": "RUNNING", "name": None, "message": None, "data": None}}
    answer = api.post(f"/flow_runs/{run_id}/set_state", json={**body, "force": None})
    assert (answer.status_code, answer.json()["state"]["name"]) == (201, "Running")


def test_unknown_details_are_ignored(api: httpx.Client, run_id: str) -> None:
    answer = _propose(api, run_id, "RUNNING", state_details={"bogus": 1})
    assert answer.status_code == 201
