"""A million timers are set and ten of them are due: only those ten are touched."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from events.instants import millis_of
from events.log.redis import RedisEventLog
from events.streams import Streams
from services.proposer import Proposer
from services.timers import Spans, Timers
from services.timers.timer import Timer
from tests.support.servers import RedisServer
from tests.support.timing import NoViews

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SET = 1_000_000
DUE = 10
ROUNDS = 20
CHUNK = 20_000
STREAMS = Streams(partitions=8)


async def late() -> dict[str, float]:
    """Milliseconds from the instant at which ten timers are due until all are proposed."""
    async with _redis() as redis:
        await _set(redis)
        at = NOON
        proposer = Proposer(redis, STREAMS, "bench", lambda: at)
        log = RedisEventLog(redis, STREAMS)
        timers = Timers(
            redis=redis, log=log, proposer=proposer, now=lambda: at, spans=Spans(), views=NoViews()
        )
        await timers.fire()
        spent: list[float] = []
        before = await _touched(redis)
        for _ in range(ROUNDS):
            at += timedelta(seconds=1)
            started = time.perf_counter()
            await timers.fire()
            spent.append((time.perf_counter() - started) * 1_000)
        after = await _touched(redis)
        await proposer.stop()
    expected = (before[0] - ROUNDS * DUE, before[1] + ROUNDS * DUE)
    assert after == expected, f"{after} instead of {expected}"
    return {"timers.late_10_of_1m_ms": median(spent), "timers.late_10_of_1m_max_ms": max(spent)}


async def _set(redis: Any) -> None:
    """Ten timers become due each second after noon, and a million are left in the end."""
    for start in range(0, SET, CHUNK):
        pipeline = redis.pipeline(transaction=False)
        scores: dict[int, dict[str, int]] = {}
        for number in range(start, start + CHUNK):
            run = UUID(int=number)
            due_ms = millis_of(NOON) + number // DUE * 1_000 + 1
            scores.setdefault(STREAMS.of_run(run), {})[str(Timer("late", run, run))] = due_ms
        for partition, timers in scores.items():
            pipeline.zadd(STREAMS.timers(partition), timers)
        await pipeline.execute()


async def _touched(redis: Any) -> tuple[int, int]:
    """How many timers are set, and how many proposals were sent."""
    timers = [await redis.zcard(STREAMS.timers(each)) for each in STREAMS.every()]
    return sum(timers), sum([await redis.xlen(STREAMS.proposals(each)) for each in STREAMS.every()])


@asynccontextmanager
async def _redis() -> AsyncGenerator[Any]:
    with TemporaryDirectory(prefix="headgate-bench-") as folder:
        server = RedisServer(Path(folder), "--appendonly", "yes", "--appendfsync", "always")
        server.start()
        redis = Redis.from_url(server.url)  # pyright: ignore[reportUnknownMemberType]
        try:
            yield redis
        finally:
            await redis.aclose()
            server.kill()
