"""Leases spread the partitions over the live rule processors; no promise depends on them.

Times are the Redis server's. A worker that loses a lease to a slow clock loses time, and its
commits are refused by the head that they name.
"""

from collections.abc import Collection, Iterable
from importlib.resources import files
from math import ceil
from typing import Any

from redis.asyncio import Redis

from events.streams import Streams

LEASE_MS = 3_000
"""How long a partition waits for a worker that was killed; renewed three times as often."""

_scripts = files("services.rule_processor")
_HEARTBEAT = (_scripts / "heartbeat.lua").read_text("utf-8")
_HOLD = (_scripts / "hold.lua").read_text("utf-8")


class Leases:
    """The leases of one worker, whose *token* no other life of it may share."""

    def __init__(
        self, redis: Redis, streams: Streams, token: str, lease_ms: int = LEASE_MS
    ) -> None:
        # redis-py types a pipeline's commands as awaitable, which they are not
        self._redis: Any = redis
        self._streams = streams
        self.token = token
        self.lease_ms = lease_ms

    async def heartbeat(self) -> tuple[bool, int]:
        """Whether the log is there, and how many workers are alive, this one included."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.exists(self._streams.format)
        pipeline.eval(_HEARTBEAT, 1, self._streams.workers, self.token, self.lease_ms)
        there, live = await pipeline.execute()
        return bool(there), int(live)

    def share(self, live: int) -> int:
        """How many partitions a worker may hold while *live* workers are alive."""
        return ceil(len(self._streams.every()) / max(1, live))

    async def free(self, partitions: Collection[int]) -> list[int]:
        """Those of *partitions* that nobody else holds now."""
        if not partitions:
            return []
        pipeline = self._redis.pipeline(transaction=False)
        for partition in partitions:
            pipeline.get(self._streams.lease(partition))
        holders = await pipeline.execute()
        ours = (None, self.token.encode())
        return [each for each, holder in zip(partitions, holders, strict=True) if holder in ours]

    async def hold(self, partitions: Iterable[int]) -> set[int]:
        """Renew or take these leases; those that are held now."""
        return await self._each(list(partitions), self.lease_ms)

    async def release(self, partitions: Iterable[int]) -> None:
        """Give these leases up, so that another worker need not wait for their end."""
        await self._each(list(partitions), 0)

    async def leave(self) -> None:
        """Count as alive no more."""
        await self._redis.eval(_HEARTBEAT, 1, self._streams.workers, self.token, 0)

    async def _each(self, partitions: list[int], lease_ms: int) -> set[int]:
        if not partitions:
            return set()
        pipeline = self._redis.pipeline(transaction=False)
        for partition in partitions:
            pipeline.eval(_HOLD, 1, self._streams.lease(partition), self.token, lease_ms)
        held = await pipeline.execute()
        return {each for each, is_held in zip(partitions, held, strict=True) if is_held}
