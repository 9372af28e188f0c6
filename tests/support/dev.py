"""`headgate dev` as a child process, started and ended as a person would."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

READY = "Headgate is ready: "
END_S = 20.0


class Dev:
    """One `headgate dev` on *root*, on a free port; its log is a file beside *root*."""

    def __init__(self, root: Path, *options: str, **settings: Any) -> None:
        self.root = root
        self.log = root.with_name(f"{root.name}.log")
        self._options = options
        self._told = {f"HEADGATE_{name.upper()}": str(each) for name, each in settings.items()}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> "Dev":
        """Start it and wait until it says that it is ready."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")
        }
        options = ("--data-dir", str(self.root), *(self._options or ("--port", "0")))
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headgate", "dev", *options],
                env=environment | self._told, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=log, text=True, start_new_session=True,
            )  # fmt: skip
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(READY), self.said()
        self.url = line.removeprefix(READY).strip()
        return self

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end; its exit code."""
        self.ask_to_stop(number)
        return self.ended()

    def ask_to_stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Ask it to end, and do not wait."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self) -> None:
        """End it, if it has not ended."""
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGTERM)

    def ended(self) -> int:
        """Wait until it has ended; its exit code."""
        assert self._process is not None
        with self._process as process:
            return process.wait(END_S)

    def said(self) -> str:
        """The end of what it logged."""
        return self.log.read_text(errors="replace")[-4000:]

    def post(self, path: str, **body: Any) -> Any:
        """The answer of the API to a POST."""
        answer = httpx.post(self.url + path, json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def get(self, path: str) -> Any:
        """The answer of the API to a GET."""
        answer = httpx.get(self.url + path, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def flow_run(self, flow: str = "etl", **fields: Any) -> str:
        """The id of a new run of *flow*."""
        flow_id = self.post("/flows/", name=flow)["id"]
        return self.post("/flow_runs/", flow_id=flow_id, state={"type": "PENDING"}, **fields)["id"]

    def set_state(self, run: str, type: str, **fields: Any) -> Any:
        """What becomes of the proposal that *run* enter a state of *type*."""
        return self.post(f"/flow_runs/{run}/set_state", state={"type": type, **fields})
