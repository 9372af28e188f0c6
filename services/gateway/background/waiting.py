"""Task runs that wait are handed out one at a time, and wait again when nobody acknowledges."""

from collections.abc import Sequence
from importlib.resources import files
from math import inf
from typing import Any
from uuid import UUID

from msgspec import Struct
from redis.asyncio import Redis

from events.streams import Streams

ACK_MS = 30_000
"""How long a worker may take to acknowledge."""

_scripts = files("services.gateway.background")
_HAND_OUT = (_scripts / "hand_out.lua").read_text("utf-8")
_PUT_BACK = (_scripts / "put_back.lua").read_text("utf-8")


Place = tuple[int, str]
"""A partition, and a task."""


class HandedOut(Struct, frozen=True):
    """A run in a worker's hands, and where it came from."""

    partition: int
    task_key: str
    task_run_id: UUID


class Waiting:
    """The task runs that wait, of all partitions."""

    def __init__(self, redis: Redis, streams: Streams, ack_ms: int = ACK_MS) -> None:
        # redis-py types a pipeline's commands as awaitable, which they are not
        self._redis: Any = redis
        self._streams = streams
        self._ack_ms = ack_ms

    async def next(self, task_keys: Sequence[str]) -> HandedOut | None:
        """The next run of one of these tasks; None when none waits."""
        places = [
            (partition, task_key)
            for partition in self._streams.every()
            if partition != self._streams.control
            for task_key in task_keys
        ]
        for place in await self._in_their_order(places):
            keys = (self._streams.waiting(*place), self._streams.handed_out(*place))
            id = await self._redis.eval(_HAND_OUT, 2, *keys, self._ack_ms)
            if id is not None:
                return HandedOut(*place, UUID(id.decode()))
        return None

    async def _in_their_order(self, places: Sequence[Place]) -> list[Place]:
        """Those of *places* where a run waits, the one whose run goes first first."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.time()
        for place in places:
            pipeline.zrange(self._streams.handed_out(*place), 0, 0, withscores=True)
            pipeline.zrange(self._streams.waiting(*place), 0, 0, withscores=True)
        (seconds, _), *found = await pipeline.execute()
        firsts: list[tuple[float, Place]] = []
        for place, handed_out, waiting in zip(places, found[::2], found[1::2], strict=True):
            if handed_out and handed_out[0][1] <= seconds * 1_000:
                firsts.append((-inf, place))
            elif waiting:
                firsts.append((waiting[0][1], place))
        return [place for _, place in sorted(firsts)]

    async def acknowledged(self, run: HandedOut) -> None:
        """A worker has *run*; it waits no more."""
        key = self._streams.handed_out(run.partition, run.task_key)
        await self._redis.zrem(key, str(run.task_run_id))

    async def put_back(self, run: HandedOut) -> None:
        """Nobody has *run*: it is the next one to be handed out."""
        place = (run.partition, run.task_key)
        keys = (self._streams.waiting(*place), self._streams.handed_out(*place))
        await self._redis.eval(_PUT_BACK, 2, *keys, str(run.task_run_id))
