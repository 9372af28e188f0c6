"""Waiting for something to become true, instead of sleeping and hoping."""

import time
from collections.abc import Awaitable, Callable

import anyio


async def wait_until(predicate: Callable[[], bool | Awaitable[bool]], seconds: float = 5.0) -> None:
    """Return as soon as *predicate* holds; fail when it does not within *seconds*."""
    deadline = time.monotonic() + seconds
    while True:
        held = predicate()
        if held if isinstance(held, bool) else await held:
            return
        assert time.monotonic() < deadline, f"still not true after {seconds} s"
        await anyio.sleep(0.005)
