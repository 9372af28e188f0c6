"""The reference server: started, and ended."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from pathlib import Path

import httpx

from tests.support.servers import free_port

SERVICES = (
    "CANCELLATION_CLEANUP", "EVENT_LOGGER", "EVENT_PERSISTER", "FOREMAN", "LATE_RUNS",
    "PAUSE_EXPIRATIONS", "REPOSSESSOR", "SCHEDULER", "TASK_RUN_RECORDER", "TRIGGERS",
)  # fmt: skip
"""What does things by itself; a comparison of answers wants nobody else to act."""
START_S = 120.0
INSIDE = Path(__file__).with_name("inside_reference.py")


def environment(home: Path) -> dict[str, str]:
    """What the reference is told: a database in *home*, and nothing done behind one's back."""
    return plain(home) | {
        "PREFECT_API_DATABASE_TIMEOUT": "30",
        "PREFECT_SERVER_TASKS_SCHEDULING_MAX_SCHEDULED_QUEUE_SIZE": "1000000",
        "PREFECT_SERVER_TASKS_SCHEDULING_MAX_RETRY_QUEUE_SIZE": "1000000",
        **{f"PREFECT_SERVER_SERVICES_{name}_ENABLED": "false" for name in SERVICES},
    }


def plain(home: Path) -> dict[str, str]:
    """As a person starts it, but for a database in *home*, a short log, and telling nobody."""
    told = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    return told | {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_LOGGING_LEVEL": "ERROR",
        "PREFECT_LOGGING_SERVER_LEVEL": "ERROR",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
    }


async def prepared(python: Path, home: Path) -> None:
    """Make *home*, with a database; the first one takes the reference some seconds."""
    kept = python.parents[2] / "database"
    if not kept.exists():
        kept.mkdir()
        try:
            await end(await inside(python, kept))
        except BaseException:
            shutil.rmtree(kept)
            raise
    await asyncio.to_thread(shutil.copytree, kept, home)


async def inside(python: Path, home: Path) -> Process:
    """A process that answers requests over its pipe; ready."""
    with (home.with_name(f"{home.name}.log")).open("wb") as log:
        process = await create_subprocess_exec(
            str(python), str(INSIDE), env=environment(home), stdin=PIPE, stdout=PIPE, stderr=log,
            limit=64 * 1024 * 1024,
        )  # fmt: skip
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_S)
    if line != b"ready\n":
        sys.exit(f"the reference does not start: see {home}.log")
    return process


async def serving(python: Path, home: Path, *, alone: bool = True) -> tuple[Process, str]:
    """A server on a free port; ready. Its process and its API's URL.

    Not *alone*, it has its services with it, as a person starts it.
    """
    port = free_port()
    without = ("--no-ui", "--no-services") if alone else ("--no-ui",)
    told = environment(home) if alone else plain(home)
    with (home.with_name(f"{home.name}.log")).open("wb") as log:
        process = await create_subprocess_exec(
            str(python), "-m", "prefect", "server", "start", "--host", "127.0.0.1",
            "--port", str(port), *without, env=told, stdout=log, stderr=log,
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}/api"
    async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
        while process.returncode is None:
            try:
                if (await client.get(f"{url}/health")).status_code == 200:
                    return process, url
            except httpx.TransportError:
                await asyncio.sleep(0.2)
    sys.exit(f"the reference does not start: see {home}.log")


async def end(process: Process) -> None:
    """End it, whatever it does."""
    if process.returncode is None:
        process.kill()
    await process.wait()
