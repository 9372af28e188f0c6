"""The unmodified Prefect client; its environment is made once and kept in a cache."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Self

from headgate.demo.installing import REQUIREMENT, installed
from tests.support.waiting import comes_true

END_S = 60.0
"""How long a command may take to end."""

SEEN_S = 60.0
"""How long what a command does may take to be seen."""


def prefect_python() -> Path:
    """The interpreter of the environment; the first call makes it, which takes some seconds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headgate"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return installed(cache / REQUIREMENT.replace("==", "-"))


def environment(api_url: str, home: Path) -> dict[str, str]:
    """The environment of a client that talks to *api_url* and knows nothing else."""
    return {
        "PATH": f"{prefect_python().parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PREFECT_HOME": str(home / ".prefect"),
        "PREFECT_API_URL": api_url,
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1",
        "COLUMNS": "240",
    }


def run_script(
    script: Path, api_url: str, home: Path, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    """Run *script* with the client, talking to *api_url*; what it said and how it ended."""
    return run(api_url, home, str(prefect_python()), str(script), *arguments)


def run(api_url: str, home: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the client; what it said and how it ended."""
    return subprocess.run(
        command,
        env=environment(api_url, home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Started:
    """A command of the client that goes on until it is interrupted, as by Ctrl-C."""

    def __init__(self, api_url: str, home: Path, *command: str) -> None:
        self._log = home / "said.txt"
        with self._log.open("w") as said:
            self._process = subprocess.Popen(
                command,
                env=environment(api_url, home),
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.interrupt()

    def interrupt(self) -> int:
        """Interrupt it, and kill what is left of it; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()

    def ended(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self._process.wait(END_S)

    def said(self) -> str:
        """What it has said so far."""
        return self._log.read_text(errors="replace")

    def sees(self, is_so: Callable[[], bool]) -> None:
        """Wait until *is_so*; else what has been said."""
        assert comes_true(is_so, SEEN_S), self.said()


class Scripts:
    """A script as processes; those still running in the end are killed."""

    def __init__(self, script: Path, api_url: str, home: Path) -> None:
        self._script, self._api_url, self._home = script, api_url, home
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the script."""
        process = subprocess.Popen(
            (str(prefect_python()), str(self._script), *arguments),
            env=environment(self._api_url, self._home),
            cwd=self._home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.append(process)
        return process

    def run(self, *arguments: str) -> str:
        """Run the script; its last word."""
        ended = run_script(self._script, self._api_url, self._home, *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.splitlines()[-1]

    def kill(self) -> None:
        """Leave nothing behind."""
        for one in self._running:
            one.kill()
            one.communicate()


def last_word(process: "subprocess.Popen[str]") -> str:
    """What *process* says last, once it has ended as it should."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.splitlines()[-1]
