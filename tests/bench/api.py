"""The API: `headgate dev` as a person starts it, asked by a client in another process."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from msgspec import Struct

from tests.support.children import ended
from tests.support.servers import RedisServer, free_port

ROOT = Path(__file__).parents[2]
READY_S = 20.0

Call = tuple[str, str, str]
"""Method, path and body of one request."""

DETAILS = {
    "flow_run_id": None, "task_run_id": None, "child_flow_run_id": None, "scheduled_time": None,
    "cache_key": None, "cache_expiration": None, "deferred": None, "untrackable_result": False,
    "pause_timeout": None, "pause_reschedule": False, "pause_key": None, "run_input_keyset": None,
    "refresh_cache": None, "retriable": None, "task_parameters_id": None, "traceparent": None,
    "deployment_concurrency_lease_id": None,
}  # fmt: skip
"""The client sends every key, set or not."""


class Server(Struct, frozen=True):
    """A running `headgate dev`: its URL, its process, and how long it took to be ready."""

    url: str
    pid: int
    ready_s: float


@asynccontextmanager
async def server() -> AsyncGenerator[Server]:
    """Start it on an empty data directory; end it as Ctrl-C would."""
    with TemporaryDirectory(prefix="headgate-bench-") as folder:
        url = f"http://127.0.0.1:{(port := free_port())}/api"
        environment = {**os.environ, "HEADGATE_DATA_DIR": folder, "HEADGATE_LOG_LEVEL": "warning"}
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "headgate", "dev", "--port", str(port)],
            env=environment, cwd=ROOT, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await _until_ready(url, process)
            yield Server(url, process.pid, time.perf_counter() - started)
        finally:
            code = ended(process, by=signal.SIGINT)
        assert code == [0], "headgate dev ended badly"


@asynccontextmanager
async def services() -> AsyncGenerator[str]:
    """Each service in a process of its own on one Redis, fsync always; yields the API's URL."""
    with TemporaryDirectory(prefix="headgate-bench-") as folder:
        redis = RedisServer(Path(folder), "--appendonly", "yes", "--appendfsync", "always")
        redis.start()
        port = free_port()
        environment = {
            **os.environ,
            "HEADGATE_REDIS_URL": redis.url,
            "HEADGATE_DATA_DIR": folder,
            "HEADGATE_LOG_LEVEL": "warning",
            "HEADGATE_PORT": str(port),
            "HEADGATE_PARTITIONS": "2",  # one rule processor: more would only make batches smaller
        }
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "headgate", "serve", name],
                env=environment, cwd=ROOT, stdout=subprocess.DEVNULL,
            )
            for name in ("gateway", "rule-processor", "projector", "timers", "notifier")
        ]  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}/api"
            await _until_ready(url, running[0])
            yield url
        finally:
            codes = ended(*running)
            redis.kill()
        assert codes == [0] * len(running), "a service ended badly"


async def _until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.perf_counter() + READY_S
    async with httpx.AsyncClient() as client:
        while time.perf_counter() < deadline:
            assert process.poll() is None, "headgate dev ended by itself"
            try:
                if (await client.get(f"{url}/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.005)
    raise TimeoutError(f"{url} is not ready after {READY_S:g} s")


async def set_state(url: str, clients: int, each: int) -> dict[str, Any]:
    """Requests per second and latencies of *clients* that move runs of their own, *each* times."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        flow = await made(client, "/flows/", {"name": "bench"})
        scripts = [await _script(client, flow, each) for _ in range(clients)]
    return await drive(url, scripts)


async def made(client: httpx.AsyncClient, path: str, body: object) -> str:
    """The id of what is made there, asked for again while the server cannot (503)."""
    async with asyncio.timeout(READY_S):
        while (answer := await client.post(path, json=body)).status_code == 503:
            await asyncio.sleep(0.1)
    return answer.raise_for_status().json()["id"]


async def drive(url: str, scripts: Sequence[Sequence[Call]]) -> dict[str, Any]:
    """What the load client, a process of its own, measures."""
    path = url.removesuffix("/api")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.http_load",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    out, _ = await process.communicate(json.dumps({"url": path, "scripts": scripts}).encode())
    return json.loads(out)


async def _script(client: httpx.AsyncClient, flow: str, each: int) -> list[Call]:
    """Runs that start and end, as an engine moves them: two proposals a run."""
    calls: list[Call] = []
    for _ in range(each // 2):
        run = await made(client, "/flow_runs/", {"flow_id": flow})
        path = f"/api/flow_runs/{run}/set_state"
        calls += [("POST", path, _body(kind)) for kind in ("RUNNING", "COMPLETED")]
    return calls


def _body(kind: str) -> str:
    state = {
        "type": kind, "name": kind.title(), "message": None, "data": None,
        "state_details": DETAILS,
    }  # fmt: skip
    return json.dumps({"state": state, "force": False})


def resident_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MiB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pages = sum(
        int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in (str(pid), *children)
    )
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
