"""Fixtures of all tests: a Redis for the session, a client of it, and keys of a test's own."""

import inspect
import itertools
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis as blocking
from hypothesis import HealthCheck, settings
from redis.asyncio import Redis

from events.streams import Streams
from tests.support import containers
from tests.support.servers import RedisServer

# the machine's speed is no property of the code; other examples are drawn each time
settings.register_profile(
    "tests", deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "tests"))

# a shell starts its background jobs deaf to Ctrl-C, which they would hand on to all that they start
signal.signal(signal.SIGINT, signal.default_int_handler)

_prefixes = (f"test-{os.getpid()}-{number}" for number in itertools.count(1))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis for the whole session: ours, or a container's with HEADGATE_TEST_CONTAINERS=1."""
    if containers.wanted():
        with containers.redis_in_container() as url:
            yield url
        return
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A started server of this test's own, every write on disk before its answer (AOF always)."""
    server = RedisServer(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the session's Redis; values are bytes."""
    client = Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    yield client
    await client.aclose()


@pytest.fixture
def streams(redis_url: str) -> Iterator[Streams]:
    """Keys of this test's own. Afterwards every one must be a key that `Streams` names; all go."""
    streams = Streams(prefix=next(_prefixes))
    yield streams
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        found = sorted(key.decode() for key in client.scan_iter(f"{streams.prefix}:*"))
        if found:
            client.unlink(*found)
    strangers = [key for key in found if not _is_named(streams, key)]
    assert strangers == [], "keys that events/streams.py does not name"


def _is_named(streams: Streams, key: str) -> bool:
    """Whether a property or method of *streams* gives *key*; what takes a client names a prefix."""
    for name, named in vars(Streams).items():
        if isinstance(named, property) and getattr(streams, name) == key:
            return True
        if not inspect.isfunction(named) or named.__annotations__.get("return") is not str:
            continue
        match list(inspect.signature(named).parameters):
            case ["self", "partition"]:
                if any(named(streams, partition) == key for partition in streams.every()):
                    return True
            case ["self", "partition", _] if not name.startswith("_"):
                if any(key.startswith(named(streams, each, "")) for each in streams.every()):
                    return True
            case _:
                pass
    return False
