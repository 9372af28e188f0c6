"""How we connect to Redis and find the log there; bytes stay bytes."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected

from events.log.packing import packing

from .._language import RedisEventLog, Streams
from ..errors import ForPeople
from ..settings import Settings, masked
from .data_dir import owned
from .embedded import embedded, running_url

ANSWER_S = 4.5
"""How long Redis may take to answer: whoever waits for us is told within five seconds."""

CONNECTIONS_MAX = 4_096
"""Of one client: whoever holds all partitions that a log may have keeps one open for each."""


class NoLog(ForPeople):
    """There is no log to speak to; the message says where none was found."""


class RedisUrlInvalid(ForPeople):
    """Nobody can be connected to by this URL; the message shows it without its password."""


def connected(url: str, name: str | None = None) -> Any:
    """A client of the Redis at *url*, there known by *name*; it connects when it is first used.

    Typed `Any`: redis-py declares most answers as "this or an awaitable of it".
    """
    # No health checks: a Redis whose disk is full refuses PING too, and reading still works.
    # A connection may have ended while nobody used it, so its command is sent once more over a
    # new one; every command that goes this way is safe to repeat. A silent Redis is asked once.
    options: dict[str, Any] = {
        "socket_connect_timeout": ANSWER_S,
        "socket_timeout": ANSWER_S,
        "max_connections": CONNECTIONS_MAX,
        "health_check_interval": 0,
        "retry": Retry(NoBackoff(), 1, supported_errors=(Disconnected,)),
        "client_name": name,
    }
    try:
        redis = Redis.from_url(url, **options)  # pyright: ignore[reportUnknownMemberType] - redis-py
    except ValueError:
        raise RedisUrlInvalid(
            f"{masked(url)} is no URL of a Redis; correct HEADGATE_REDIS_URL, and quote what is "
            "special in a password, such as / by %2F"
        ) from None
    return packing(redis)


def service(prefix: str, role: str) -> str:
    """The name of the connections of a service, by which others see that it runs."""
    return f"{prefix}:{role}"


async def services_on(redis: Any, prefix: str) -> list[str]:
    """The services that are connected to this Redis and work under *prefix*."""
    start = service(prefix, "")
    names: list[str] = [each["name"] for each in await redis.client_list()]
    return sorted({name.removeprefix(start) for name in names if name.startswith(start)})


async def log_on(redis: Any, prefix: str) -> RedisEventLog:
    """The log under *prefix*, with the partitions that it was created with."""
    partitions = await _created_with(redis, prefix)
    if partitions is None:
        raise NoLog(
            f"there is no log under the prefix {prefix!r} on this Redis; start Headgate on it "
            "first (`headgate dev`), or set HEADGATE_PREFIX"
        )
    return RedisEventLog(redis, Streams(partitions=partitions, prefix=prefix))


async def streams_of(settings: Settings, url: str) -> Streams:
    """The names of the log that *settings* mean, be it there or yet to be created."""
    partitions = settings.partitions
    if partitions is None:
        redis = connected(url)
        try:
            created = await _created_with(redis, settings.prefix)
        finally:
            await redis.aclose()
        partitions = created or settings.partitions_of_a_new_log
    return Streams(partitions=partitions, prefix=settings.prefix)


async def _created_with(redis: Any, prefix: str) -> int | None:
    created = await redis.hget(Streams(prefix=prefix).format, "partitions")
    return None if created is None else int(created)


@contextmanager
def redis_of(settings: Settings, *, stopped: bool = False) -> Generator[str]:
    """The URL of the Redis that *settings* mean.

    With *stopped*, an embedded one that does not run is started for as long as it is needed.
    """
    running = settings.redis_url or running_url(settings.root)
    if running is not None:
        yield running
    elif not stopped:
        raise NoLog(
            f"no Headgate runs on the data directory {settings.root}; "
            "start `headgate dev`, or set HEADGATE_REDIS_URL"
        )
    elif not (settings.root / "redis").exists():
        raise NoLog(f"there is nothing in the data directory {settings.root} yet")
    else:
        with owned(settings.root), embedded(settings.root, settings.redis_fsync) as url:
            yield url


@asynccontextmanager
async def log_of(settings: Settings, *, stopped: bool = False) -> AsyncGenerator[RedisEventLog]:
    """The log that *settings* mean, to read."""
    with redis_of(settings, stopped=stopped) as url:
        redis = connected(url)
        try:
            yield await log_on(redis, settings.prefix)
        finally:
            await redis.aclose()
