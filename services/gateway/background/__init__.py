"""Background task runs wait in sets beside the log until a worker asks for them."""

from .bell import Bell
from .waiting import ACK_MS, HandedOut, Waiting
from .workers import Presence, TaskWorker, TaskWorkers

__all__ = [
    "ACK_MS", "Bell", "HandedOut", "Presence", "TaskWorker", "TaskWorkers", "Waiting",
]  # fmt: skip
