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
        self._room, self._news = asyncio.Event(), asyncio.Event()
        self._room.set()

    async def put(self, frame: Text | Ping) -> None:
        """Add *frame*; waits while too much is waiting already."""
        await self._room.wait()
        self._frames.append(frame)
        self._bytes += len(frame.body) if isinstance(frame, Text) else 0
        if len(self._frames) >= self._frames_max or self._bytes >= self._bytes_max:
            self._room.clear()
        self._news.set()

    def end(self) -> None:
        """No more frames will come."""
        self._has_ended = True
        self._news.set()

    async def take(self) -> list[Text | Ping]:
        """All frames that wait, at least one; empty when there will be none any more."""
        await self._news.wait()
        taken, self._frames, self._bytes = self._frames, [], 0
        self._room.set()
        if not self._has_ended:
            self._news.clear()
        return taken
