"""Frames of one socket on their way to Redis: bounded in number and in bytes."""

import asyncio

from .socket import Ping, Text


class Inbox:
    """Filled by the reader of a socket, emptied as a whole by its writer."""

    def __init__(self, frames_max: int, bytes_max: int) -> None:
        self._frames_max = frames_max
        self._bytes_max = bytes_max
        self._frames: list[Text | Ping] = []
        self._bytes = 0
        self._has_ended = False
        self._changed = asyncio.Condition()

    async def put(self, frame: Text | Ping) -> None:
        """Add *frame*; waits while too much is waiting already."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: len(self._frames) < self._frames_max and self._bytes < self._bytes_max
            )
            self._frames.append(frame)
            self._bytes += len(frame.body) if isinstance(frame, Text) else 0
            self._changed.notify_all()

    async def end(self) -> None:
        """No more frames will come."""
        async with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    async def take(self) -> list[Text | Ping]:
        """All frames that wait, at least one; empty when there will be none any more."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._frames or self._has_ended)
            taken, self._frames, self._bytes = self._frames, [], 0
            self._changed.notify_all()
            return taken
