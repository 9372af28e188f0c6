"""A state proposed for many flow runs is decided for each of them alone."""

from typing import Any
from uuid import UUID

import httpx

from events.wire.replies import Unanswered
from services.gateway.routes.flow_runs.bulk import item


def _run(api: httpx.Client, flow_id: str, *types: str) -> str:
    id = api.post("/flow_runs/", json={"flow_id": flow_id}).json()["id"]
    for type in types:
        api.post(f"/flow_runs/{id}/set_state", json={"state": {"type": type}})
    return id


def _bulk(api: httpx.Client, ids: list[str], **more: Any) -> httpx.Response:
    body = {"flow_runs": {"id": {"any_": ids}}, **more}
    return api.post("/flow_runs/bulk_set_state", json=body)


def test_each_run_has_its_own_outcome(api: httpx.Client, flow_id: str) -> None:
    pending = _run(api, flow_id)
    running = _run(api, flow_id, "RUNNING")
    answer = _bulk(api, [pending, running], state={"type": "PENDING"})
    results = {one["flow_run_id"]: one for one in answer.json()["results"]}
    assert answer.status_code == 200
    assert {one["status"] for one in results.values()} == {"ABORT"}
    assert results[pending]["state"]["type"] == "PENDING"
    assert results[running]["state"]["type"] == "RUNNING"
    reason = "This run is in a RUNNING state and cannot transition to a PENDING state."
    assert results[running]["details"] == {"type": "abort_details", "reason": reason}


def test_one_transition_id_is_one_transition_of_each(api: httpx.Client, flow_id: str) -> None:
    ids = [_run(api, flow_id) for _ in range(5)]
    state = {"type": "RUNNING", "state_details": {"transition_id": ids[0]}}
    for _ in range(2):
        results = _bulk(api, ids, state=state).json()["results"]
        assert [one["status"] for one in results] == ["ACCEPT"] * 5
        entered = {one["flow_run_id"]: one["state"]["state_details"] for one in results}
        assert {id: details["flow_run_id"] for id, details in entered.items()} == dict(
            zip(ids, ids, strict=True)
        )
    assert {api.get(f"/flow_runs/{id}").json()["run_count"] for id in ids} == {1}


def test_force_reaches_every_run(api: httpx.Client, flow_id: str) -> None:
    ids = [_run(api, flow_id, "RUNNING", "CANCELLING") for _ in range(2)]
    refused = _bulk(api, ids, state={"type": "RUNNING"}).json()["results"]
    assert [one["status"] for one in refused] == ["REJECT", "REJECT"]
    forced = _bulk(api, ids, state={"type": "RUNNING"}, force=True).json()["results"]
    assert [one["status"] for one in forced] == ["ACCEPT", "ACCEPT"]


def test_at_most_fifty_are_asked(api: httpx.Client, run_id: str) -> None:
    assert _bulk(api, [run_id], state={"type": "RUNNING"}, limit=51).status_code == 422
    assert _bulk(api, [run_id], state={"type": "RUNNING"}, limit=0).status_code == 422
    assert _bulk(api, [run_id]).status_code == 422
    assert _bulk(api, [], state={"type": "RUNNING"}).json() == {"results": []}


def test_what_no_rule_can_answer_is_an_abort_of_that_run_alone() -> None:
    """Edge case 56: a fault with one of many is its item, and no error of the whole."""
    run = UUID(int=1)
    unanswered = Unanswered(proposal_id="p", reason="Flow run not found", missing=True)
    result = item(run, unanswered, None)
    assert (result.flow_run_id, result.status, result.state) == (run, "ABORT", None)
    assert result.details == {"type": "abort_details", "reason": "Flow run not found"}
