"""How we connect to Redis: bytes stay bytes, and an idle connection is checked before its use."""

from typing import Any

from redis.asyncio import Redis

CONNECT_S = 5.0


def connected(url: str) -> Any:
    """A client of the Redis at *url*; it connects when it is first used.

    Typed `Any`: redis-py declares most answers as "this or an awaitable of it".
    """
    options: dict[str, Any] = {"socket_connect_timeout": CONNECT_S, "health_check_interval": 30}
    return Redis.from_url(url, **options)  # pyright: ignore[reportUnknownMemberType] - redis-py
