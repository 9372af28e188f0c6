"""The only place that knows what time it is, or invents an id."""

import os
import time
from datetime import UTC, datetime
from secrets import token_urlsafe
from uuid import UUID


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


_random: list[bytes] = []
# a child must not give the ids that its parent is going to give
os.register_at_fork(after_in_child=_random.clear)


def new_id() -> UUID:
    """A UUID of version 7: sorts by time, ends in random bits."""
    bits = time.time_ns() // 1_000_000 << 80 | int.from_bytes(_ten_random_bytes())
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=bits)


def _ten_random_bytes() -> bytes:
    """Taken from a stock, because asking the kernel takes longer than all else in an id."""
    try:
        return _random.pop()
    except IndexError:
        drawn = os.urandom(640)
        _random.extend(drawn[start : start + 10] for start in range(10, 640, 10))
        return drawn[:10]


def elapsed_s() -> float:
    """Seconds on a clock that never goes back; only differences mean something."""
    return time.monotonic()


def new_key() -> str:
    """A key that nobody can guess: 256 random bits as text."""
    return f"hg_{token_urlsafe(32)}"
