"""Flows that pause and suspend are answered from another process and waited for, by the client."""

from typing import Any

import anyio
import httpx
import pytest

from tests.support.prefect_client import Scripts, last_word
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(240)


def _run_of(api: httpx.Client, flow: str) -> dict[str, Any] | None:
    found = api.post("/flow_runs/filter", json={"flows": {"name": {"any_": [flow]}}}).json()
    return found[0] if found else None


def _until_asked(api: httpx.Client, flow: str) -> str:
    """The id of the flow's run, once it is paused and its schema is there."""
    ids: list[str] = []

    def is_asked() -> bool:
        run = _run_of(api, flow)
        if run is None or run["state_type"] != "PAUSED":
            return False
        ids.append(run["id"])
        body = {"prefix": "paused", "limit": 9}
        return len(api.post(f"/flow_runs/{ids[-1]}/input/filter", json=body).json()) == 2

    anyio.run(wait_until, is_asked, 60)
    return ids[-1]


def _states(api: httpx.Client, run_id: str) -> list[str]:
    states = api.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
    return [state["name"] for state in states]


def test_a_flow_pauses_until_another_process_answers(api: httpx.Client, scripts: Scripts) -> None:
    pausing = scripts.start("pause")
    run_id = _until_asked(api, "pausing")
    waiting = scripts.start("wait", run_id)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "WAITING\n"
    assert scripts.run("resume", run_id, '{"name": "ada", "age": 36}') == "RESULT resumed"
    assert last_word(pausing) == "RESULT ada 36"
    assert last_word(waiting) == "RESULT Completed"
    assert _states(api, run_id) == ["Pending", "Running", "Paused", "Running", "Completed"]
    description = api.get(f"/flow_runs/{run_id}/input/paused-1-description")
    assert description.text == '"Who are you?"'


def test_a_suspended_flow_is_executed_again_and_knows_the_answer(
    api: httpx.Client, scripts: Scripts
) -> None:
    """Edge cases 66 and 67: the same suspend does not suspend again; what is left out is added."""
    flow_id = api.post("/flows/", json={"name": "suspending"}).json()["id"]
    deployed = api.post("/deployments/", json={"name": "by-hand", "flow_id": flow_id}).json()
    made = api.post(f"/deployments/{deployed['id']}/create_flow_run", json={}).json()
    run_id = made["id"]
    assert scripts.run("execute", run_id) == "RESULT gone"
    assert api.get(f"/flow_runs/{run_id}").json()["state_name"] == "Suspended"
    assert scripts.run("resume", run_id, '{"name": "grace"}') == "RESULT resumed"
    assert api.get(f"/flow_runs/{run_id}").json()["state_name"] == "Resuming"
    assert scripts.run("execute", run_id) == "RESULT grace 1"
    assert api.get(f"/flow_runs/{run_id}").json()["run_count"] == 1
    assert _states(api, run_id)[-4:] == ["Suspended", "Resuming", "Running", "Completed"]


def test_what_another_process_sends_is_received_and_forgotten(
    api: httpx.Client, scripts: Scripts
) -> None:
    receiving = scripts.start("receive")

    def runs() -> bool:
        run = _run_of(api, "receiving")
        return run is not None and run["state_type"] == "RUNNING"

    anyio.run(wait_until, runs, 60)
    run = _run_of(api, "receiving")
    assert run is not None
    assert scripts.run("send", run["id"], "hello") == "RESULT sent"
    assert last_word(receiving) == "RESULT hello from a stranger"
    body = {"prefix": "", "limit": 9}
    assert api.post(f"/flow_runs/{run['id']}/input/filter", json=body).json() == []
