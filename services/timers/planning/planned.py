"""What is planned: beside the log stands, for each schedule, how its runs look and until when."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from msgspec import Struct, json
from redis.asyncio import Redis

from events.instants import EPOCH, Instant
from events.streams import Streams

from ..errands import ASIDE_MS
from ..following import POLL_S


class Planned(Struct, frozen=True):
    """How the planned runs of a schedule look, and the last of their dates."""

    print: str
    until: Instant = EPOCH


_planned = json.Decoder(dict[UUID, Planned])


class Plans:
    """What is planned of each deployment. *redis* gives bytes."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        # redis-py declares most answers as "this or an awaitable of it", which nobody can await
        self._redis: Any = redis
        self._streams = streams

    @asynccontextmanager
    async def alone(self, deployment_id: UUID) -> AsyncGenerator[None]:
        """Nobody else plans the deployment meanwhile."""
        lock = self._redis.lock(
            self._streams.planning(deployment_id),
            timeout=ASIDE_MS / 1_000,
            sleep=POLL_S,
            raise_on_release_error=False,  # it took longer, and was not alone at the end
        )
        async with lock:
            yield

    async def known(self, deployment_id: UUID) -> dict[UUID, Planned]:
        """What is planned, by schedule."""
        found = await self._redis.hget(self._streams.planned, str(deployment_id))
        return {} if found is None else _planned.decode(found)

    async def keep(self, deployment_id: UUID, planned: dict[UUID, Planned]) -> None:
        """This is planned from now on, by schedule, and nothing else."""
        key, field = self._streams.planned, str(deployment_id)
        if planned:
            await self._redis.hset(key, field, json.encode(planned))
        else:
            await self._redis.hdel(key, field)
