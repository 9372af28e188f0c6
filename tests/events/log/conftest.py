"""The two logs, opened under one set of names."""

from typing import Any, Protocol

import pytest
from redis.asyncio import Redis

from events.log import EventLog
from events.log.memory import MemoryEventLog
from events.log.redis import RedisEventLog
from events.streams import Streams


class Beside(Protocol):
    """What stands beside a log and is not read through it."""

    async def grant(self, partition: int, token: str) -> None:
        """Give the partition's lease to the holder of *token*."""
        ...

    async def replies(self, partition: int, client: str) -> list[bytes]:
        """What *client* was answered."""
        ...

    async def waiting(self, partition: int, task_key: str) -> list[str]:
        """The task runs that wait for a worker of *task_key*, the first one first."""
        ...


class BesideMemory:
    """Beside the log in memory."""

    def __init__(self, log: MemoryEventLog) -> None:
        self.log = log

    async def grant(self, partition: int, token: str) -> None:
        self.log.leases[partition] = token

    async def replies(self, partition: int, client: str) -> list[bytes]:
        return await self.log.replies(partition, client)

    async def waiting(self, partition: int, task_key: str) -> list[str]:
        return self.log.waiting(partition, task_key)


class BesideRedis:
    """Beside the log on Redis."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        self.redis: Any = redis
        self.streams = streams

    async def grant(self, partition: int, token: str) -> None:
        await self.redis.set(self.streams.lease(partition), token)

    async def replies(self, partition: int, client: str) -> list[bytes]:
        rows = await self.redis.xrange(self.streams.replies(partition, client))
        return [fields[b"reply"] for _, fields in rows]

    async def waiting(self, partition: int, task_key: str) -> list[str]:
        found = await self.redis.zrange(self.streams.waiting(partition, task_key), 0, -1)
        return [id.decode() for id in found]


@pytest.fixture(params=["memory", "redis"])
def opened(request: pytest.FixtureRequest) -> tuple[EventLog, Beside]:
    if request.param == "memory":
        memory = MemoryEventLog(Streams())
        return memory, BesideMemory(memory)
    redis: Redis = request.getfixturevalue("redis")
    streams: Streams = request.getfixturevalue("streams")
    return RedisEventLog(redis, streams), BesideRedis(redis, streams)


@pytest.fixture
def log(opened: tuple[EventLog, Beside]) -> EventLog:
    """The log under test: every test that takes it runs against both."""
    return opened[0]


@pytest.fixture
def beside(opened: tuple[EventLog, Beside]) -> Beside:
    return opened[1]


@pytest.fixture
def raw(redis: Redis) -> Any:
    """The client of the test, for commands whose answers redis-py does not type."""
    return redis
