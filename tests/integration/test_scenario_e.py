"""A flow is deployed to a work pool, and a process worker of the unmodified client runs it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import Started, run, run_script
from tests.support.waiting import comes_true

SCRIPT = Path(__file__).parent / "flows" / "scenario_e.py"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def gateway(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything behind one gateway."""
    with Running(redis_url, tmp_path_factory.mktemp("views"), "scenario-e") as running:
        yield running


@pytest.fixture
def api(gateway: Running) -> Iterator[httpx.Client]:
    """A client of the API."""
    with gateway.client() as client:
        yield client


def seen(process: Started, is_so: Callable[[], bool]) -> None:
    """Wait until *is_so*; else what *process* has said."""
    assert comes_true(is_so, 60), process.said()


def test_a_worker_runs_what_is_deployed_to_its_pool(
    gateway: Running, api: httpx.Client, tmp_path: Path
) -> None:
    def does(*command: str) -> str:
        ended = run(gateway.url, tmp_path, *command)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    does("prefect", "work-pool", "create", "local", "--type", "process")
    deployed = run_script(SCRIPT, gateway.url, tmp_path)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    deployment = api.get("/deployments/name/scenario-e/deployed").json()
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == ("local", "default")
    worker = ("prefect", "worker", "start", "--pool", "local", "--name", "one")
    with Started(gateway.url, tmp_path, *worker) as process:
        does("prefect", "deployment", "run", "scenario-e/deployed", "--param", "a=5")
        (asked,) = api.post("/flow_runs/filter", json={}).json()
        path = f"/flow_runs/{asked['id']}"

        def state() -> str:
            return api.get(path).json()["state_name"]

        seen(process, lambda: state() == "Completed")
        made = api.get(path).json()
        assert (made["work_pool_name"], made["work_queue_name"]) == ("local", "default")
        assert made["parameters"] == {"a": 5}
        assert made["labels"]["prefect.worker.name"] == "one"
        assert made["infrastructure_pid"]
        (worker_seen,) = api.post("/work_pools/local/workers/filter", json={}).json()
        assert (worker_seen["name"], worker_seen["status"]) == ("one", "ONLINE")
        assert api.get("/work_pools/local").json()["status"] == "READY"
    assert "local" in does("prefect", "work-pool", "ls")
