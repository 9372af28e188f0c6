"""A real flow, run by the unmodified client, travels through the whole and can be read back."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import run_script
from tests.support.servers import RedisServer

SCRIPT = Path(__file__).parent / "flows" / "scenario_a.py"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything behind one gateway, every write on disk before its answer."""
    directory = tmp_path_factory.mktemp("redis")
    server = RedisServer(directory, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    with Running(server.url, tmp_path_factory.mktemp("views"), "scenario-a") as running:
        yield running
    server.kill()


@pytest.fixture(scope="module")
def ended(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> "CompletedProcess[str]":
    """The script, run once."""
    return run_script(SCRIPT, gateway.url, tmp_path_factory.mktemp("home"))


@pytest.fixture
def api(gateway: Running, ended: "CompletedProcess[str]") -> Iterator[httpx.Client]:
    """A client of the API, after the script has run."""
    assert ended.returncode == 0, ended.stderr
    with gateway.client() as client:
        yield client


def _listed(api: httpx.Client, kind: str, **more: Any) -> list[dict[str, Any]]:
    return api.post(f"/{kind}/filter", json=more).json()


def test_the_flow_gives_its_result_without_a_warning(ended: "CompletedProcess[str]") -> None:
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "RESULT 365"
    lines = ended.stderr.splitlines()
    warned = [line for line in lines if "| WARNING" in line or "| ERROR" in line]
    assert warned == []
    assert "Traceback" not in ended.stderr


def test_both_flow_runs_are_completed(api: httpx.Client) -> None:
    flows = {flow["id"]: flow["name"] for flow in _listed(api, "flows")}
    runs = {flows[run["flow_id"]]: run for run in _listed(api, "flow_runs")}
    assert set(runs) == {"scenario-a", "child-flow"}
    for run in runs.values():
        assert (run["state_type"], run["run_count"]) == ("COMPLETED", 1)
        assert run["total_run_time"] > 0
        states = api.get("/flow_run_states/", params={"flow_run_id": run["id"]}).json()
        assert [state["name"] for state in states] == ["Pending", "Running", "Completed"]
    assert runs["scenario-a"]["flow_version"] == "v1"
    assert runs["scenario-a"]["parameters"] == {"n": 3}


def test_every_task_run_is_recorded_with_its_states(api: httpx.Client) -> None:
    task_runs = _listed(api, "task_runs")
    kinds = Counter(run["name"].rpartition("-")[0] for run in task_runs)
    assert kinds == {"extract": 2, "flaky": 1, "square": 5, "load": 1, "child-flow": 1}
    assert {run["state_type"] for run in task_runs} == {"COMPLETED"}
    names: dict[str, list[str]] = {}
    for run in task_runs:
        states = api.get("/task_run_states/", params={"task_run_id": run["id"]}).json()
        names[run["name"].rpartition("-")[0]] = [state["name"] for state in states]
    assert names == {
        "extract": ["Pending", "Running", "Completed"],
        "flaky": ["Pending", "Running", "AwaitingRetry", "Retrying", "Completed"],
        "square": ["Pending", "Running", "Completed"],
        "load": ["Pending", "Running", "Completed"],
        "child-flow": ["Pending", "Pending", "Running", "Completed"],
    }


def test_the_subflow_hangs_on_its_placeholder(api: httpx.Client) -> None:
    (placeholder,) = [run for run in _listed(api, "task_runs") if "child" in run["name"]]
    wanted = {"parent_task_run_id": {"any_": [placeholder["id"]]}}
    (child,) = _listed(api, "flow_runs", flow_runs=wanted)
    assert placeholder["state"]["state_details"]["child_flow_run_id"] == child["id"]


def test_what_was_logged_can_be_read(api: httpx.Client) -> None:
    messages = {line["message"] for line in _listed(api, "logs")}
    assert {"extracting 3", "extracting 31", "in the subflow"} <= messages
