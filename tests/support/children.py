"""Child processes: asked to end, and ended where they do not."""

import signal
import subprocess
from typing import Any

END_S = 30.0


def ended(*children: "subprocess.Popen[Any]", by: signal.Signals = signal.SIGTERM) -> list[int]:
    """The exit codes of *children*; one that has not ended in time is killed, and says so by it."""
    for child in children:
        child.send_signal(by)
    return [_code(child) for child in children]


def _code(child: "subprocess.Popen[Any]") -> int:
    try:
        return child.wait(END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()
