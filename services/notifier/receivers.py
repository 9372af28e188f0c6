"""Receivers: to each block, one notification after the other, and none waits for another block."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from uuid import UUID

from ..patience import end
from .claims import Wanted

WAITING_MAX = 1_000
"""Notifications that wait for one block."""

Deliver = Callable[[Wanted, asyncio.Event], Awaitable[bool]]
Settled = Callable[[], None]


class Receivers:
    """Has *deliver* called with what is put in; with *refuse* what waits for too long a queue."""

    def __init__(self, deliver: Deliver, refuse: Deliver, waiting_max: int = WAITING_MAX) -> None:
        self._ways = {True: refuse, False: deliver}
        self._waiting_max = waiting_max
        self._queues: dict[tuple[UUID, bool], deque[tuple[Wanted, Settled]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.held = 0

    def put(self, wanted: Wanted, settled: Settled) -> None:
        """Let *wanted* be delivered, and *settled* be called then."""
        block_id = wanted.policy.block_document_id
        is_refused = len(self._queues.get((block_id, False), ())) >= self._waiting_max
        place = (block_id, is_refused)
        self.held += 1
        if place in self._queues:
            self._queues[place].append((wanted, settled))
            return
        self._queues[place] = deque([(wanted, settled)])
        task = asyncio.create_task(self._serve(place), name=f"notifier: {block_id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def stop(self, seconds: float) -> None:
        """Finish what is being sent, within so many *seconds*."""
        self._stop.set()
        try:
            if self._tasks:
                await asyncio.wait(set(self._tasks), timeout=seconds)
        finally:
            await end(*self._tasks)

    async def _serve(self, place: tuple[UUID, bool]) -> None:
        queue, deliver = self._queues[place], self._ways[place[1]]
        while queue and not self._stop.is_set():
            wanted, settled = queue[0]
            if await deliver(wanted, self._stop):
                settled()
            queue.popleft()
            self.held -= 1
        del self._queues[place]

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None and not self.broken.done():
            self.broken.set_exception(task.exception() or AssertionError())
