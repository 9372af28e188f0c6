"""One gateway for what is read from it here."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis as blocking

from tests.support.gateway import Running

PREFIX = "test-objects"


@pytest.fixture(scope="session")
def api(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a real server's API."""
    with (
        Running(redis_url, tmp_path_factory.mktemp("objects"), PREFIX) as running,
        running.client() as client,
    ):
        yield client
    redis: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with redis:
        redis.unlink(*redis.scan_iter(f"{PREFIX}:*"))
