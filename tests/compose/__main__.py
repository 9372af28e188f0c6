"""Everything in containers, and one rule processor killed: `make compose-test`.

Brings `compose.yaml` up under a project of its own with two rule processors, takes flow runs
through it over HTTP, kills one of the two with the runs under way, and expects all of them to
finish. Leaves nothing behind. Needs a Docker engine; images are named as for `make up`.
"""

import os
import shutil
import subprocess
import sys
import time
from typing import Any

import httpx

from tests.support.servers import free_port
from tests.support.sources import ROOT

RUNS = 16
"""Enough that each of two rule processors owns some of them."""
READY_SECONDS = 120.0
PROJECT = "headgate-test"


class Compose:
    """The containers of one project of `compose.yaml`."""

    def __init__(self, port: int) -> None:
        self._environment = {**os.environ, "HEADGATE_COMPOSE_PORT": str(port)}
        plugin = subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
        program = ["docker", "compose"] if plugin == 0 else ["docker-compose"]
        self._command = [*program, "--project-name", PROJECT, "--project-directory", str(ROOT)]

    def run(self, *arguments: str) -> str:
        """What one compose command prints; its complaints go to the terminal."""
        command = [*self._command, "--file", str(ROOT / "compose.yaml"), *arguments]
        ran = subprocess.run(
            command, env=self._environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return ran.stdout

    def containers(self, service: str) -> list[str]:
        return self.run("ps", "-q", service).split()


def main() -> int:
    """0 when every run finished; 1 when not, or when there is no engine."""
    if not engine_answers():
        print("no Docker engine answers: nothing was tested")
        return 1
    port = free_port()
    compose = Compose(port)
    try:
        print("building and starting the containers")
        compose.run("up", "--build", "--detach", "--scale", "rule-processor=2")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=30) as http:
            await_ready(http)
            await_healthy(compose)
            return finish_with_one_less(compose, http)
    except BaseException:
        print(compose.run("logs", "--no-color", "--tail", "40"), file=sys.stderr)
        raise
    finally:
        compose.run("down", "--volumes", "--remove-orphans", "--timeout", "5")


def engine_answers() -> bool:
    """Whether there is a Docker engine to talk to."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def await_ready(http: httpx.Client) -> None:
    """Return when the gateway says that it is ready."""
    started = time.monotonic()
    while True:
        try:
            if http.get("/ready").is_success:
                break
        except httpx.TransportError:
            pass
        if time.monotonic() - started > READY_SECONDS:
            raise TimeoutError(f"the gateway is not ready after {READY_SECONDS} s")
        time.sleep(0.2)
    print(f"ready after {time.monotonic() - started:.1f} s")


def await_healthy(compose: Compose) -> None:
    """Return when every container says that it is healthy."""
    started = time.monotonic()
    containers = compose.run("ps", "-q").split()
    asked = ["docker", "inspect", "--format", "{{.State.Health.Status}}", *containers]
    while True:
        said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
        if said == ["healthy"] * len(containers):
            break
        if time.monotonic() - started > READY_SECONDS:
            raise TimeoutError(f"after {READY_SECONDS} s the containers are {said}")
        time.sleep(0.2)
    print(f"all {len(containers)} containers are healthy")


def finish_with_one_less(compose: Compose, http: httpx.Client) -> int:
    """Start the runs, kill a rule processor, finish the runs; what the views say of them counts."""
    flow = answer(http.post("/flows/", json={"name": "compose"}))
    made = [
        answer(http.post("/flow_runs/", json={"flow_id": flow["id"], "state": {"type": "PENDING"}}))
        for _ in range(RUNS)
    ]
    runs = [run["id"] for run in made]
    accepted = sum(enters(http, run, "RUNNING") for run in runs)
    print(f"{accepted} of {RUNS} flow runs are running")

    victim, *others = compose.containers("rule-processor")
    subprocess.run(["docker", "kill", victim], capture_output=True, check=True)
    killed = time.monotonic()
    print(f"killed a rule processor; {len(others)} left")

    accepted = sum(enters(http, run, "COMPLETED") for run in runs)
    print(f"{accepted} of {RUNS} completed {time.monotonic() - killed:.1f} s later")
    finished: Any = {"flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    counted = answer(http.post("/flow_runs/count", json=finished))
    print(f"{counted} of {RUNS} are completed in the views")
    return 0 if accepted == counted == RUNS else 1


def enters(http: httpx.Client, run: str, state: str) -> bool:
    """Whether the run was let into a state of this type."""
    asked = {"state": {"type": state}}
    return answer(http.post(f"/flow_runs/{run}/set_state", json=asked))["status"] == "ACCEPT"


def answer(response: httpx.Response) -> Any:
    """The body of a response that must be a success."""
    return response.raise_for_status().json()


if __name__ == "__main__":
    sys.exit(main())
