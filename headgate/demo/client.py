"""The unmodified Prefect client, talking to a server."""

import os
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ForPeople

FLOW = Path(__file__).with_name("flow.py")
RUN_S = 180.0
STOP_S = 20.0


class Client:
    """The client that *python* runs, with its files in *home*, talking to the API at *api_url*."""

    def __init__(self, python: Path, home: Path, api_url: str) -> None:
        self._bin, self._home = python.parent, home
        self._environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "PYTHON", "HEADGATE_"))
        } | {
            "PREFECT_API_URL": api_url,
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "PREFECT_RUNNER_POLL_FREQUENCY": "1",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
        }

    def flow(self, *arguments: str) -> tuple[str, ...]:
        """The command that runs the flow's script with *arguments*."""
        return str(self._bin / "python"), str(FLOW), *arguments

    def prefect(self, *arguments: str) -> tuple[str, ...]:
        """The command `prefect` with *arguments*."""
        return str(self._bin / "prefect"), *arguments

    def run(self, *command: str) -> str:
        """Run *command*; what it printed. ForPeople when it failed."""
        ran = subprocess.run(
            command, env=self._environment, cwd=self._home, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=RUN_S, check=False,
        )  # fmt: skip
        (self._home / "flow.log").write_text(ran.stdout + ran.stderr)
        if ran.returncode:
            raise ForPeople(f"the client failed:\n{ran.stdout[-1000:]}{ran.stderr[-3000:]}")
        return ran.stdout

    @contextmanager
    def running(self, *command: str) -> Generator[Path]:
        """Run *command* meanwhile, and stop it in the end; yields what it says, a file."""
        said = self._home / "running.log"
        with said.open("w") as log:
            process = subprocess.Popen(
                command, env=self._environment, cwd=self._home, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            yield said
        finally:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
