"""Those who are killed: processes of ours and the Redis they stand on, started again each time."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.servers import RedisServer

ROOT = Path(__file__).parents[2]


class Service:
    """One `headgate serve` process; what it says goes to a file beside its data."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path) -> None:
        self.name = name
        self._environment = {**os.environ, **environment}
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.killed = 0

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headgate", "serve", self.name],
                env=self._environment, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def kill(self) -> None:
        """End it between two instructions, and start the next one."""
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} ended by itself: {self.said()}"
        self._process.kill()
        self._process.wait()
        self.killed += 1
        self.start()

    def stop(self) -> int:
        """End it as an operator would; its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=30)

    def end(self) -> None:
        """End it, if it is there, however the fight ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def said(self) -> str:
        """The end of what it said."""
        return self._log.read_text(errors="replace")[-3000:]


class Store:
    """The redis-server, fsync always."""

    name = "redis"

    def __init__(self, folder: Path) -> None:
        options = ("--appendonly", "yes", "--appendfsync", "always")
        self.server = RedisServer(folder / "redis", *options)
        self.killed = 0

    def start(self) -> None:
        self.server.start()

    def kill(self) -> None:
        self.server.restart()
        self.killed += 1
