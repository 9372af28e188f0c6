"""Waiting for something to become true, instead of sleeping and hoping."""

import time
from collections.abc import Awaitable, Callable

import anyio


async def wait_until(
    predicate: Callable[[], bool | Awaitable[bool]], seconds: float = 30.0
) -> None:
    """Return as soon as *predicate* holds; fail when it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    while True:
        held = predicate()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        await anyio.sleep(0.005)


def comes_true(predicate: Callable[[], bool], seconds: float) -> bool:
    """Whether *predicate* holds within *seconds*; it is asked five times a second."""
    deadline = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True
