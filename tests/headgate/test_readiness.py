"""A rule processor and a projector say over HTTP whether they can serve, and what is missing."""

import os
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from headgate.serving.http import PortTaken
from headgate.serving.readiness import readiness
from tests.support.children import ended
from tests.support.servers import RedisServer, free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

END_S = 20.0


@contextmanager
def served(service: str, redis_url: str, directory: Path) -> Generator[str]:
    """`headgate serve` as a child; yields where it says how it is."""
    url = f"http://127.0.0.1:{free_port()}"
    options = ("--redis-url", redis_url, "--data-dir", str(directory))
    command = [sys.executable, "-m", "headgate", "serve", service, *options]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--health-port", url.rpartition(":")[2]], env={**os.environ}, stderr=log
        )
    try:
        yield url
    finally:
        codes = ended(process)
    assert codes == [0], (directory / "log").read_text()


async def answer(url: str) -> tuple[int, list[str]]:
    """The status, and what is missing; 0 when nobody listens yet."""
    async with httpx.AsyncClient() as client:
        try:
            response = await client.get(f"{url}/ready")
        except httpx.TransportError:
            return 0, []
    return response.status_code, response.json().get("missing", [])


@pytest.mark.parametrize(
    ("service", "part"),
    [
        ("rule-processor", "Redis"),
        ("projector", "views"),
        ("timers", "timers"),
        ("notifier", "notifier"),
    ],
)
async def test_a_service_is_ready_while_redis_is_there(
    redis_server: RedisServer, tmp_path: Path, service: str, part: str
) -> None:
    with served(service, redis_server.url, tmp_path) as url:

        async def is_ready() -> bool:
            return (await answer(url))[0] == 200

        async def is_not() -> bool:
            status, missing = await answer(url)
            return status == 503 and any(part in each for each in missing)

        await wait_until(is_ready, END_S)
        redis_server.kill()
        await wait_until(is_not, END_S)
        redis_server.start()
        await wait_until(is_ready, END_S)


async def test_only_ready_can_be_asked() -> None:
    async with readiness("127.0.0.1", 0, lambda: ["all"]) as port, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}"
        assert (await client.get(f"{url}/ready")).json() == {
            "message": "Not ready",
            "missing": ["all"],
        }
        assert (await client.get(f"{url}/")).status_code == 404
        assert (await client.post(f"{url}/ready")).status_code == 405


async def test_whoever_speaks_no_http_gets_no_answer() -> None:
    async with readiness("127.0.0.1", 0, list) as port:
        assert port is not None
        for said in (b"", b"x" * 100_000):
            async with await anyio.connect_tcp("127.0.0.1", port) as stream:
                await stream.send(said)
                await stream.send_eof()
                with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                    await stream.receive()


async def test_without_a_port_nobody_listens() -> None:
    async with readiness("127.0.0.1", None, list) as port:
        assert port is None


async def test_a_port_that_is_taken_is_named_with_its_variable() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        with pytest.raises(PortTaken, match="set HEADGATE_HEALTH_PORT to another one"):
            async with readiness("127.0.0.1", port, list):
                pass


@pytest.mark.parametrize("service", ["rule-processor", "projector", "timers", "notifier"])
async def test_a_service_waits_for_a_redis_that_is_not_there_yet(
    redis_server: RedisServer, tmp_path: Path, service: str
) -> None:
    redis_server.kill()
    with served(service, redis_server.url, tmp_path) as url:

        async def is_ready() -> bool:
            return (await answer(url))[0] == 200

        await wait_until(lambda: "waiting_for_redis" in (tmp_path / "log").read_text(), END_S)
        redis_server.start()
        await wait_until(is_ready, END_S)
