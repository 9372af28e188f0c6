"""Receivers: to each block, one notification after the other, and none waits for another block."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from uuid import UUID

from ..patience import end
from .claims import Wanted

WAITING_MAX = 1_000
"""Notifications that wait for one block."""

ROOM_S = 0.02
"""How often to look whether there is room in a full queue."""

Deliver = Callable[[Wanted, asyncio.Event], Awaitable[bool]]
Settled = Callable[[], None]
IsAway = Callable[[UUID], bool]


class Receivers:
    """Has *deliver* called with what is put in.

    Where too many wait, it waits for room; with *refuse*, if the block *is_away*.
    """

    def __init__(
        self, deliver: Deliver, refuse: Deliver, is_away: IsAway, waiting_max: int = WAITING_MAX
    ) -> None:
        self._ways = {True: refuse, False: deliver}
        self._is_away = is_away
        self._waiting_max = waiting_max
        self._queues: dict[tuple[UUID, bool], deque[tuple[Wanted, Settled]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.held = 0

    async def put(self, wanted: Wanted, settled: Settled) -> None:
        """Let *wanted* be delivered, once there is room, and *settled* be called then."""
        block_id = wanted.policy.block_document_id
        while self._is_full(block_id) and not self._is_away(block_id):  # noqa: ASYNC110
            await asyncio.sleep(ROOM_S)
        place = (block_id, self._is_full(block_id))
        self.held += 1
        if place in self._queues:
            self._queues[place].append((wanted, settled))
            return
        self._queues[place] = deque([(wanted, settled)])
        task = asyncio.create_task(self._serve(place), name=f"notifier: {block_id}")
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _is_full(self, block_id: UUID) -> bool:
        return len(self._queues.get((block_id, False), ())) >= self._waiting_max

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
