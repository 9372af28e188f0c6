"""Flows are deployed to a work pool, and process workers of the unmodified client run them."""

import shutil
from pathlib import Path

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.http_proxy import HttpProxy
from tests.support.prefect_client import Started, run, run_script

SCRIPT = Path(__file__).parent / "flows" / "scenario_e.py"
CONNECT = ("GET", "/api/work_pools/local/workers/connect")
HEARTBEAT = ("POST", "/api/work_pools/local/workers/heartbeat")
YAML = """
name: scenario-e
pull:
  - prefect.deployments.steps.set_working_directory:
      directory: {directory}
deployments:
  - name: written
    entrypoint: scenario_e.py:multiply
    description: From a file
    parameters: {{a: 3}}
    tags: [yaml]
    work_pool: {{name: local, work_queue_name: urgent}}
    schedules:
      - cron: 0 3 1 1 *
        timezone: Europe/Berlin
"""

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def home(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a pool was created and a flow deployed to it."""
    home = tmp_path_factory.mktemp("home")
    created = does(gateway, home, "prefect", "work-pool", "create", "local", "--type", "process")
    assert "Created work pool 'local'" in created
    deployed = run_script(SCRIPT, gateway.url, home)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    return home


def does(gateway: Running, home: Path, *command: str) -> str:
    """What a command says that ends as it should, its lines joined."""
    ended = run(gateway.url, home, *command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return " ".join(ended.stdout.split())


def worker(home: Path, name: str, url: str, *options: str) -> Started:
    """A process worker of the pool, started, that says what it does in a folder of its own."""
    place = home / name
    place.mkdir()
    command = ("prefect", "worker", "start", "--pool", "local", "--type", "process")
    return Started(url, place, *command, "--name", name, *options)


def test_a_flow_is_deployed_to_a_pool(api: httpx.Client, home: Path) -> None:
    deployment = api.get("/deployments/name/scenario-e/deployed").json()
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == ("local", "default")
    assert deployment["tags"] == ["e"]
    (pull,) = deployment["pull_steps"]
    assert pull == {
        "prefect.deployments.steps.set_working_directory": {"directory": str(SCRIPT.parent)}
    }


def test_what_a_file_says_is_deployed_and_its_queue_made(
    gateway: Running, api: httpx.Client, home: Path
) -> None:
    shutil.copy(SCRIPT, home)
    (home / "prefect.yaml").write_text(YAML.format(directory=home))
    for _ in range(2):  # once more, for it is there then
        does(gateway, home, "prefect", "--no-prompt", "deploy", "--all")
    (deployment,) = api.post(
        "/deployments/filter", json={"deployments": {"name": {"any_": ["written"]}}}
    ).json()
    assert (deployment["work_pool_name"], deployment["work_queue_name"]) == ("local", "urgent")
    assert (deployment["parameters"], deployment["tags"]) == ({"a": 3}, ["yaml"])
    assert deployment["description"] == "From a file"
    (schedule,) = deployment["schedules"]
    assert schedule["schedule"]["timezone"] == "Europe/Berlin"
    queues = api.post("/work_pools/local/queues/filter", json={}).json()
    assert {"default", "urgent"} <= {each["name"] for each in queues}


def test_a_worker_on_its_socket_runs_what_somebody_watches(
    gateway: Running, api: httpx.Client, home: Path
) -> None:
    with (
        HttpProxy(gateway.url) as proxy,
        worker(home, "one", proxy.url) as process,
    ):
        process.sees(lambda: api.get("/work_pools/local").json()["status"] == "READY")
        watched = does(
            *(gateway, home, "prefect", "deployment", "run", "scenario-e/deployed"),
            *("--param", "a=5", "--param", "wait_s=5", "--flow-run-name", "watched", "--watch"),
        )
        # engines send lines every two seconds, and so before such a run ends
        assert "multiplying 5 and 7" in watched, watched
        assert "Completed" in watched, watched
        wanted = {"flow_runs": {"name": {"any_": ["watched"]}}}
        (made,) = api.post("/flow_runs/filter", json=wanted).json()
        assert (made["work_pool_name"], made["work_queue_name"]) == ("local", "default")
        assert made["parameters"] == {"a": 5, "wait_s": 5}
        assert made["labels"]["prefect.worker.name"] == "one"
        assert made["infrastructure_pid"]
        found = api.post("/work_pools/local/workers/filter", json={}).json()
        assert ("one", "ONLINE") in [(each["name"], each["status"]) for each in found]
    assert CONNECT in proxy.asked
    assert HEARTBEAT not in proxy.asked


def test_a_worker_without_any_socket_runs_once_what_waits(
    gateway: Running, api: httpx.Client, home: Path
) -> None:
    command = ("prefect", "deployment", "run", "scenario-e/deployed", "--flow-run-name", "rest")
    does(gateway, home, *command)
    with (
        HttpProxy(gateway.url, refuses_sockets=True) as proxy,
        worker(home, "two", proxy.url, "--run-once") as process,
    ):
        wanted = {"flow_runs": {"name": {"any_": ["rest"]}}}

        def is_done() -> bool:
            (made,) = api.post("/flow_runs/filter", json=wanted).json()
            return made["state_name"] == "Completed"

        process.sees(is_done)
        assert process.ended() == 0, process.said()
    assert CONNECT in proxy.asked
    assert HEARTBEAT in proxy.asked
    (made,) = api.post("/flow_runs/filter", json=wanted).json()
    assert made["labels"]["prefect.worker.name"] == "two"


def test_a_worker_stops_a_run_that_is_cancelled(
    gateway: Running, api: httpx.Client, home: Path
) -> None:
    with worker(home, "three", gateway.url) as process:
        command = ("prefect", "deployment", "run", "scenario-e/deployed", "--param", "wait_s=60")
        does(gateway, home, *command, "--flow-run-name", "stopped")
        wanted = {"flow_runs": {"name": {"any_": ["stopped"]}}}

        def state() -> str:
            (made,) = api.post("/flow_runs/filter", json=wanted).json()
            return made["state_name"]

        process.sees(lambda: state() == "Running")
        (made,) = api.post("/flow_runs/filter", json=wanted).json()
        does(gateway, home, "prefect", "flow-run", "cancel", made["id"])
        process.sees(lambda: state() == "Cancelled")


def test_pools_and_workers_are_shown(gateway: Running, home: Path) -> None:
    assert "local" in does(gateway, home, "prefect", "work-pool", "ls")
    assert "process" in does(gateway, home, "prefect", "work-pool", "inspect", "local")
