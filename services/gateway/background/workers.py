"""Task workers: who is connected to any gateway, and which tasks they run."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct, json
from redis.asyncio import Redis

from events.instants import Instant
from events.streams import Streams

NOTE_S = 20.0
"""How often one that is connected is noted."""
SEEN = timedelta(seconds=60)
"""How long one counts that has not been noted since, for its gateway is gone."""


class TaskWorker(Struct, frozen=True, kw_only=True):
    """Somebody who runs tasks, and when it was noted last."""

    identifier: str
    task_keys: list[str]
    timestamp: Instant


class Presence:
    """One connection, noted now and then."""

    def __init__(self, note: Callable[[], Any], now: Callable[[], datetime]) -> None:
        self._note = note
        self._now = now
        self._noted: datetime | None = None

    async def go_on(self) -> None:
        """It is still there."""
        now = self._now()
        if self._noted is None or now - self._noted >= timedelta(seconds=NOTE_S):
            self._noted = now
            await self._note()


class TaskWorkers:
    """Who is connected, of all gateways, on Redis."""

    def __init__(self, redis: Redis, streams: Streams, now: Callable[[], datetime]) -> None:
        self._redis: Any = redis
        self._key = streams.task_workers
        self._now = now

    @asynccontextmanager
    async def present(
        self, id: UUID, identifier: str, task_keys: Sequence[str]
    ) -> AsyncGenerator[Presence]:
        """Somebody on the connection *id* is there, until the block ends."""

        async def note() -> None:
            worker = TaskWorker(
                identifier=identifier, task_keys=sorted({*task_keys}), timestamp=self._now()
            )
            await self._redis.hset(self._key, str(id), json.encode(worker))

        presence = Presence(note, self._now)
        await presence.go_on()
        try:
            yield presence
        finally:
            await self._redis.hdel(self._key, str(id))

    async def known(self) -> list[TaskWorker]:
        """Who is there, by name; one with several connections runs the tasks of all."""
        oldest = self._now() - SEEN
        stale: list[bytes] = []
        workers: dict[str, TaskWorker] = {}
        for id, body in (await self._redis.hgetall(self._key)).items():
            worker = json.decode(body, type=TaskWorker)
            if worker.timestamp < oldest:
                stale.append(id)
                continue
            other = workers.get(worker.identifier, worker)
            workers[worker.identifier] = TaskWorker(
                identifier=worker.identifier,
                task_keys=sorted({*worker.task_keys, *other.task_keys}),
                timestamp=max(worker.timestamp, other.timestamp),
            )
        if stale:
            await self._redis.hdel(self._key, *stale)
        return [worker for _, worker in sorted(workers.items())]
