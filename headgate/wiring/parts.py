"""What several services are made of: a log, the database of the views, a name."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Engine

from events.log.redis import RedisEventLog
from events.streams import Streams
from services.patience import end

from .. import clock, views
from ..bus.connecting import connected, service
from ..settings import Settings


@asynccontextmanager
async def opened(streams: Streams, url: str, role: str) -> AsyncGenerator[RedisEventLog]:
    """A log of a service's own connections, closed in the end."""
    redis = connected(url, service(streams.prefix, role))
    try:
        yield RedisEventLog(redis, streams)
    finally:
        await redis.aclose()


@contextmanager
def views_of(settings: Settings) -> Generator[Engine]:
    """The database of the views."""
    engine = views.opened(settings.views_url)
    try:
        yield engine
    finally:
        engine.dispose()


@asynccontextmanager
async def in_background(
    work: Coroutine[Any, Any, None], name: str
) -> AsyncGenerator["asyncio.Task[None]"]:
    """*work* as a task, ended in the end; raises then what it ended with by itself."""
    running = asyncio.create_task(work, name=name)
    try:
        yield running
    finally:
        await end(running)
        if not running.cancelled():
            running.result()


def life() -> str:
    """A name for this life of this process, that nobody else bears and a person can place."""
    return f"{socket.gethostname()}-{os.getpid()}-{clock.new_id().hex[-8:]}"
