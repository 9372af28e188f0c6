"""Background tasks, transactions and caches of the unmodified client work."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import Started, prefect_python, run_script
from tests.support.waiting import comes_true

SCRIPT = Path(__file__).parent / "flows" / "scenario_i.py"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def gateway(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything behind one gateway."""
    with Running(redis_url, tmp_path_factory.mktemp("views"), "scenario-i") as running:
        yield running


@pytest.fixture
def api(gateway: Running) -> Iterator[httpx.Client]:
    """A client of the API."""
    with gateway.client() as client:
        yield client


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where results are, of those who ask and of those who work."""
    return tmp_path_factory.mktemp("home")


def said(gateway: Running, home: Path, *arguments: str) -> Any:
    """What the script says in the end."""
    ended = run_script(SCRIPT, gateway.url, home, *arguments)
    assert ended.returncode == 0, ended.stderr
    word, _, result = ended.stdout.splitlines()[-1].partition(" ")
    assert word == "RESULT"
    return json.loads(result)


def names_of(api: httpx.Client, task_run_id: str) -> list[str]:
    """The states that a task run has been in."""
    states = api.get("/task_run_states/", params={"task_run_id": task_run_id}).json()
    return [state["name"] for state in states]


def task_runs(api: httpx.Client, flow_run_id: str) -> dict[str, list[str]]:
    """The states that the task runs of a flow run have been in, by the names of those."""
    wanted = {"flow_runs": {"id": {"any_": [flow_run_id]}}}
    found = api.post("/task_runs/filter", json=wanted).json()
    return {each["name"].rpartition("-")[0]: names_of(api, each["id"]) for each in found}


def test_a_task_waits_until_a_worker_comes_and_another_asks_for_results(
    gateway: Running, api: httpx.Client, home: Path
) -> None:
    waiting = said(gateway, home, "ask")
    assert names_of(api, waiting) == ["Scheduled"]
    command = (str(prefect_python()), str(SCRIPT), "work")
    with Started(gateway.url, home, *command) as worker:

        def is_done() -> bool:
            return api.get(f"/task_runs/{waiting}").json()["state_name"] == "Completed"

        assert comes_true(is_done, 60), worker.said()
        (known,) = api.post("/task_workers/filter", json={}).json()
        assert [key.split("-")[0] for key in known["task_keys"]] == ["double", "fail"]

        result = said(gateway, home, "wait")
        assert (result["good"], result["bad"]) == (8, "Failed")
        assert names_of(api, result["good_id"])[-2:] == ["Running", "Completed"]
        assert names_of(api, result["bad_id"])[-2:] == ["Running", "Failed"]
        assert "doubling 4" in worker.said()
    assert comes_true(lambda: api.post("/task_workers/filter", json={}).json() == [], 10)


def test_a_transaction_is_rolled_back_and_what_was_computed_is_found_again(
    gateway: Running, api: httpx.Client, home: Path
) -> None:
    result = said(gateway, home, "settle")

    assert (result["undone"], result["results"]) == (1, [2, 2, 3])
    runs = task_runs(api, result["rolled_back"])
    assert runs["write"][-1] == "RolledBack"
    assert runs["fail"][-1] == "Failed"
    assert api.get(f"/flow_runs/{result['rolled_back']}").json()["state_name"] == "Failed"
    wanted = {"flow_runs": {"id": {"any_": [result["cached"]]}}, "sort": "NAME_ASC"}
    found = api.post("/task_runs/filter", json=wanted).json()
    assert sorted(each["state_name"] for each in found) == ["Cached", "Completed", "Completed"]
    assert {each["state_type"] for each in found} == {"COMPLETED"}
