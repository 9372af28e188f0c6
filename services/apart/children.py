"""A child process that is asked one question after the other, by lines of JSON."""

import asyncio
import atexit
import json
import logging
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

_log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]

CPU_S = 5.0
"""Of one question: what half a megabyte of parameters takes, several times over."""

SPENT = (-signal.SIGPROF, 1)
"""How a child ends that has no more time, or memory. Whatever else ends it, it is asked again."""

LAST_S = 1.0
"""How long a child may take to end that has closed its output."""

LIBRARIES = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
"""Where Python itself may have to look for what it needs."""


class Ended(Struct, frozen=True):
    """The child ended instead of answering."""


class Child:
    """A child that is started by the first question, and again by the first one after its end."""

    def __init__(self, name: str, cpu_s: float = CPU_S) -> None:
        # a thread of its own, so that who waits for the child keeps none of those that others need
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"apart {name}")
        self._cpu_s = cpu_s
        self._process: subprocess.Popen[bytes] | None = None

    async def ask(self, question: str, *given: Any) -> Any:
        """What the child answers to *question* about what is *given*, or `Ended`."""
        return await asyncio.wrap_future(self._thread.submit(self._asked, question, given))

    def _asked(self, question: str, given: tuple[Any, ...]) -> Any:
        try:
            asked = json.dumps([question, *given]).encode() + b"\n"
        except RecursionError:
            return Ended()
        for _ in range(2):
            answer = self._answer(asked)
            if answer is not None:
                return json.loads(answer)
            code = self._code()
            self._end()
            if code in SPENT:
                break
        _log.warning("what was to be computed apart was given up: %s", question)
        return Ended()

    def _answer(self, asked: bytes) -> bytes | None:
        """What the child says; None when it ends instead."""
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(asked)
            process.stdin.flush()
            answer = process.stdout.readline()
        except OSError:
            return None
        return answer if answer.endswith(b"\n") else None

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__.rpartition(".")[0], str(self._cpu_s)],
            # nothing of our settings, some of which are secrets
            env={"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)]), **LIBRARIES},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        atexit.register(self._end)
        return self._process

    def _code(self) -> int | None:
        """With which code the child has ended, which says nothing more; None if it has not."""
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(LAST_S)
        return None

    def _end(self) -> None:
        atexit.unregister(self._end)
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(OSError), process:  # closes what we have of it, and waits
                pass
