"""The unmodified Prefect client, in an environment of its own that shares nothing with ours."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ForPeople

REQUIREMENT = "prefect==3.9.1"
OVERRIDE = "certifi"
"""The client asks for a newer certifi than some indexes have; any will do for plain HTTP."""

FLOW = Path(__file__).with_name("flow.py")
RUN_S = 180.0
STOP_S = 20.0


def uv(root: Path) -> str:
    """The uv that `make` has set up under *root*, or the one on the path."""
    own = root / ".tools" / "bin" / "uv"
    found = str(own) if own.exists() else shutil.which("uv")
    if found is None:
        raise ForPeople("there is no uv to install the client with; run `make demo`")
    return found


def installed(home: Path) -> bool:
    """Whether the client is there from an earlier demonstration."""
    marker = home / "requirement"
    return marker.exists() and marker.read_text() == REQUIREMENT


def install(home: Path, root: Path) -> None:
    """Install the client into *home*."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    override = home / "override.txt"
    override.write_text(f"{OVERRIDE}\n")
    environment = home / "venv"
    _run(uv(root), "venv", "--quiet", "--python", sys.executable, str(environment))
    _run(
        uv(root), "pip", "install", "--quiet", "--compile-bytecode",
        "--python", str(environment / "bin" / "python"), "--override", str(override), REQUIREMENT,
    )  # fmt: skip
    (home / "requirement").write_text(REQUIREMENT)


class Client:
    """The client in *home*, talking to the API at *api_url*."""

    def __init__(self, home: Path, api_url: str) -> None:
        self._home = home
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

    @property
    def _bin(self) -> Path:
        return self._home / "venv" / "bin"


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ForPeople(f"{' '.join(command[:3])} failed:\n{ran.stderr.strip()}")
