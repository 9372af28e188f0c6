"""Waiting: longer after each failure, a second at most, never in step; and for tasks to end."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from redis.backoff import EqualJitterBackoff

CANCEL_SECONDS = 0.5

_backoff = EqualJitterBackoff(base=0.05, cap=1.0)
_FAILURES_MAX = 10  # reaches the cap; two to the number of a day's failures is no float


def pause_s(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 0.05 to 0.1 at first, 0.5 to 1 at last."""
    return _backoff.compute(min(failures, _FAILURES_MAX))


async def end(*tasks: asyncio.Task[Any] | None) -> None:
    """Cancel *tasks* until they have ended, because a library may swallow a cancellation."""
    while unfinished := [task for task in tasks if task is not None and not task.done()]:
        for task in unfinished:
            task.cancel()
        await asyncio.wait(unfinished, timeout=CANCEL_SECONDS)


async def together(*running: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends, and end the others; raises what it raised."""
    tasks = [asyncio.create_task(each) for each in running]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    for each in done:
        each.result()
