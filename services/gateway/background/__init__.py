"""Background task runs wait in sets beside the log until a worker asks for them."""

from .bell import Bell
from .waiting import ACK_MS, HandedOut, Waiting

__all__ = ["ACK_MS", "Bell", "HandedOut", "Waiting"]
