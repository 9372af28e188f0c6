"""The only place that knows what time it is, or invents an id."""

import os
import time
from datetime import UTC, datetime
from uuid import UUID


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUID of version 7: sorts by time, ends in random bits."""
    bits = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=bits)


def elapsed_s() -> float:
    """Seconds on a clock that never goes back; only differences mean something."""
    return time.monotonic()
