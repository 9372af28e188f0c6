"""`headgate dev` as a child, the way a person would start it, on a free port."""

import os
import select
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ForPeople

READY_S = 60.0
STOP_S = 30.0
READY = "Headgate is ready: "


@contextmanager
def running(data_dir: Path, log: Path) -> Generator[str]:
    """Run Headgate on *data_dir*, its log in *log*; yields the API's URL once it is ready."""
    environment = {**os.environ, "HEADGATE_LOG_LEVEL": "warning"}
    environment.pop("HEADGATE_REDIS_URL", None)
    environment.pop("HEADGATE_DATABASE_URL", None)
    with log.open("w") as said:
        server = subprocess.Popen(
            [sys.executable, "-m", "headgate", "dev", "--port", "0", "--data-dir", str(data_dir)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True,
            env=environment,
            start_new_session=True,  # Ctrl-C is for us; we then ask it to stop
        )  # fmt: skip
    try:
        yield _url(server, log)
    finally:
        # not SIGINT: a shell starts its background jobs deaf to it, and they pass that on
        server.terminate()
        try:
            code = server.wait(STOP_S)
        except subprocess.TimeoutExpired:
            server.kill()
            code = server.wait()
    if code:
        raise ForPeople(f"Headgate ended with {code}:\n{log.read_text()[-3000:]}")


def _url(server: subprocess.Popen[str], log: Path) -> str:
    assert server.stdout is not None
    readable, _, _ = select.select([server.stdout], [], [], READY_S)
    line = server.stdout.readline() if readable else ""
    if not line.startswith(READY):
        server.kill()
        raise ForPeople(f"Headgate did not start:\n{log.read_text()[-3000:]}")
    return line.removeprefix(READY).strip()
