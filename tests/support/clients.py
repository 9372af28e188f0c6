"""Clients of a Redis, with the types that redis-py leaves out."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from events.streams import Streams


@asynccontextmanager
async def client_of(url: str, **settings: Any) -> AsyncGenerator[Any]:
    """A client of the Redis at *url*, until the block ends."""
    client: Any = Redis.from_url(url, **settings)  # pyright: ignore[reportUnknownMemberType]
    async with client:
        yield client


async def everything(raw: Any, streams: Streams) -> dict[bytes, bytes]:
    """All keys of the log with their contents, as Redis dumps them."""
    keys = [key async for key in raw.scan_iter(f"{streams.prefix}:*")]
    return {key: await raw.dump(key) for key in sorted(keys)}
