"""A flow is served by the unmodified client, and runs when another process asks for it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import Started, prefect_python, run, run_script

SCRIPT = Path(__file__).parent / "flows" / "scenario_d.py"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def served(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """The process that serves the flow."""
    command = (str(prefect_python()), str(SCRIPT), "serve")
    with Started(gateway.url, tmp_path_factory.mktemp("server"), *command) as process:
        yield process


def _deployment(api: httpx.Client, name: str = "served") -> dict[str, Any]:
    answer = api.get(f"/deployments/name/scenario-d/{name}")
    return answer.json() if answer.status_code == 200 else {}


@pytest.fixture
def ready(api: httpx.Client, served: Started) -> dict[str, Any]:
    """The deployment, once it is polled."""
    served.sees(lambda: _deployment(api).get("status") == "READY")
    return _deployment(api)


def test_a_served_flow_is_a_deployment(ready: dict[str, Any]) -> None:
    assert ready["tags"] == ["d"]
    assert ready["parameters"] == {"b": 40}
    assert ready["parameter_openapi_schema"]["properties"].keys() == {"a", "b", "wait_s"}
    (schedule,) = ready["schedules"]
    assert schedule["schedule"]["cron"] == "0 3 1 1 *"


def test_who_asks_for_a_run_gets_one(
    gateway: Running, api: httpx.Client, ready: dict[str, Any], served: Started, tmp_path: Path
) -> None:
    asked = run_script(SCRIPT, gateway.url, tmp_path, "ask")

    assert asked.returncode == 0, asked.stderr
    word, run_id, state = asked.stdout.splitlines()[-1].split()
    assert (word, state) == ("RUN", "Completed"), served.said()
    made = api.get(f"/flow_runs/{run_id}").json()
    assert (made["parameters"], made["tags"]) == ({"a": 2, "b": 40}, ["d"])
    assert (made["deployment_id"], made["run_count"]) == (ready["id"], 1)
    states = api.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
    names = [each["name"] for each in states]
    assert names == ["Scheduled", "Pending", "Submitting", "Running", "Completed"]
    wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}}

    def is_logged() -> bool:
        lines = api.post("/logs/filter", json=wanted).json()
        return "adding 2 and 40" in {line["message"] for line in lines}

    # engines send their last lines when they end, which is after the run has
    served.sees(is_logged)


def test_a_run_is_cancelled_while_it_runs(
    gateway: Running, api: httpx.Client, ready: dict[str, Any], served: Started, tmp_path: Path
) -> None:
    body = {"parameters": {"wait_s": 60}}
    id = api.post(f"/deployments/{ready['id']}/create_flow_run", json=body).json()["id"]

    def state() -> str:
        return api.get(f"/flow_runs/{id}").json()["state_name"]

    served.sees(lambda: state() == "Running")
    cancelled = run(gateway.url, tmp_path, "prefect", "flow-run", "cancel", id)
    assert cancelled.returncode == 0, cancelled.stderr
    served.sees(lambda: state() == "Cancelled")
    states = api.get("/flow_run_states/", params={"flow_run_id": id}).json()
    assert [each["name"] for each in states][-3:] == ["Running", "Cancelling", "Cancelled"]
    # the one who serves it heard of it, stopped it, and told its hook
    served.sees(lambda: f"CANCELLED {id}" in served.said())


def test_a_suspended_run_is_executed_again_when_another_process_answers(
    gateway: Running, api: httpx.Client, tmp_path: Path
) -> None:
    """Edge case 67: its second execution is no second attempt, and does not suspend again."""
    command = (str(prefect_python()), str(SCRIPT), "serve-asking")
    with Started(gateway.url, tmp_path, *command) as process:
        deployed = "/deployments/name/asking/served"
        process.sees(lambda: api.get(deployed).is_success)
        id = api.get(deployed).json()["id"]
        path = api.post(f"/deployments/{id}/create_flow_run", json={}).json()["id"]
        run_path = f"/flow_runs/{path}"

        def state() -> str:
            return api.get(run_path).json()["state_name"]

        process.sees(lambda: state() == "Suspended")
        resumed = run_script(SCRIPT, gateway.url, tmp_path, "answer", path, "ada")
        assert resumed.stdout.splitlines()[-1:] == ["RESULT resumed"], resumed.stderr
        process.sees(lambda: state() == "Completed")
        assert api.get(run_path).json()["run_count"] == 1
        assert api.get(f"{run_path}/input/suspended-who-response").json() == {"name": "ada"}
        states = api.get("/flow_run_states/", params={"flow_run_id": path}).json()
        once = ["Pending", "Submitting", "Running"]
        names = ["Scheduled", *once, "Suspended", "Resuming", *once, "Completed"]
        assert [each["name"] for each in states] == names
        wanted = {"logs": {"flow_run_id": {"any_": [path]}}}

        def is_logged() -> bool:
            lines = api.post("/logs/filter", json=wanted).json()
            return "hello ada" in {line["message"] for line in lines}

        process.sees(is_logged)


def test_a_served_flow_runs_by_the_clock(
    gateway: Running, api: httpx.Client, tmp_path: Path
) -> None:
    done = {
        "flows": {"name": {"any_": ["ticking"]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
    }
    command = (str(prefect_python()), str(SCRIPT), "serve-ticking")
    with Started(gateway.url, tmp_path, *command) as process:
        process.sees(lambda: bool(api.post("/flow_runs/filter", json=done).json()))
    made = api.post("/flow_runs/filter", json=done).json()[0]
    assert (made["auto_scheduled"], made["parameters"]) == (True, {"n": 7})
    assert (made["created_by"]["type"], made["created_by"]["display_value"]) == (
        "SCHEDULE",
        "often",
    )
    expected = datetime.fromisoformat(made["expected_start_time"])
    assert (expected.second % 15, expected.microsecond) == (0, 0)
    # F14 makes a run wait whole seconds, rounded: it may begin half a second early
    early = expected - datetime.fromisoformat(made["start_time"])
    assert early <= timedelta(seconds=0.5)


def test_who_stops_serving_pauses_the_deployment(
    gateway: Running, api: httpx.Client, tmp_path: Path
) -> None:
    command = (str(prefect_python()), str(SCRIPT), "serve", "stopped")
    with Started(gateway.url, tmp_path, *command) as process:
        process.sees(lambda: _deployment(api, "stopped").get("status") == "READY")
        assert _deployment(api, "stopped")["paused"] is False
        process.interrupt()
        assert _deployment(api, "stopped")["paused"] is True, process.said()
