"""The bus: proposals waiting in the streams, decided as fast as the rule processor can."""

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from msgspec import Struct
from redis.asyncio import Redis

from events.proposals import CreateFlowRun, Proposal, ProposeFlowRunState
from events.states.constructors import Completed, Running
from events.streams import Streams
from events.wire.codec import encode
from headgate.bus.connecting import connected
from headgate.clock import new_id, now
from services.proposer import Proposer
from tests.support.children import ended
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

RUNS = 1_000
CLIENT = "bench"
PROCESSES = 2
"""Rule processors: one for each core of the smallest machine that we promise figures for."""

LOOKS_S = 0.02
"""Between two looks at how much is decided: each takes time from those who decide."""

READY_S = 30.0
ROOT = Path(__file__).parents[2]


class Bench(Struct, frozen=True):
    """A Redis of its own, and what talks to it."""

    url: str
    redis: Redis
    streams: Streams
    proposer: Proposer


@asynccontextmanager
async def bench(fsync: str) -> AsyncGenerator[Bench]:
    """A fresh log on a fresh server with an append-only file."""
    with TemporaryDirectory(prefix="headgate-bench-") as folder:
        server = RedisServer(Path(folder), "--appendonly", "yes", "--appendfsync", fsync)
        server.start()
        redis: Redis = connected(server.url)
        try:
            streams = Streams()
            yield Bench(server.url, redis, streams, Proposer(redis, streams, CLIENT, now))
        finally:
            await redis.aclose()
            server.kill()


def moves(runs: Sequence[UUID], each: int, reply_to: str | None = None) -> list[Proposal]:
    """Transitions that are all accepted: every run starts and ends, again and again.

    Who does not say where to reply reads the decision in the log, as producers in other
    languages do; answering in person costs more and is measured by itself.
    """
    return [
        ProposeFlowRunState(
            id=str(new_id()),
            at=now(),
            reply_to=reply_to,
            flow_run_id=run,
            state=Completed() if turn % 2 else Running(),
        )
        for turn in range(each)
        for run in runs
    ]


async def created(it: Bench) -> list[UUID]:
    """Flow runs that exist, each with one accepted transition behind it."""
    flow_id, runs = new_id(), [new_id() for _ in range(RUNS)]
    creations: list[Proposal] = [
        CreateFlowRun(id=str(new_id()), at=now(), flow_run_id=run, flow_id=flow_id) for run in runs
    ]
    async with processors(it, batch_max=500):
        await decided_per_s(it, creations)
        await decided_per_s(it, moves(runs, 1))
    return runs


@asynccontextmanager
async def processors(it: Bench, batch_max: int, *options: str) -> AsyncGenerator[None]:
    """Rule processors, one for each core, that share the partitions among them."""
    command = [sys.executable, "-m", "tests.bench.processor", it.url, str(batch_max), *options]
    running = [subprocess.Popen(command, cwd=ROOT) for _ in range(PROCESSES)]
    try:
        await wait_until(lambda: _shared_out(it), READY_S)
        yield
    finally:
        codes = ended(*running)
    assert codes == [0] * PROCESSES, "a rule processor ended badly"


async def _shared_out(it: Bench) -> bool:
    """Whether every partition has its owner, and nobody more than a fair share."""
    keys = [it.streams.lease(partition) for partition in it.streams.every()]
    held = Counter(await it.redis.mget(keys))
    return None not in held and len(held) == PROCESSES


async def decided_per_s(it: Bench, proposals: Sequence[Proposal]) -> float:
    """Decisions per second, from the first proposal sent to the last decision committed."""
    bodies: dict[int, list[bytes]] = {}
    for proposal in proposals:
        bodies.setdefault(it.streams.of(proposal), []).append(encode(proposal))
    wanted = await _decided(it) + len(proposals)
    started = time.perf_counter()
    await asyncio.gather(*(it.proposer.send_raw(each, bodies[each]) for each in bodies))
    while await _decided(it) < wanted:
        await asyncio.sleep(LOOKS_S)
    return len(proposals) / (time.perf_counter() - started)


async def _decided(it: Bench) -> int:
    """How many decisions the log has."""
    pipeline: Any = it.redis.pipeline(transaction=False)
    for partition in it.streams.every():
        pipeline.hget(it.streams.head(partition), "entry_id")
    ends = [(each or b"0-0").partition(b"-")[2] for each in await pipeline.execute()]
    return sum(map(int, ends))


async def accepted(fsync: str, batch_max: int, each: int, reply_to: str | None = None) -> float:
    """Accepted durable transitions per second."""
    async with bench(fsync) as it:
        runs = await created(it)
        async with processors(it, batch_max):
            return await decided_per_s(it, moves(runs, each, reply_to))


async def ceiling(fsync: str, batch_max: int, each: int) -> float:
    """The same loop without rules: read, decode, encode, commit; nothing is asked or folded."""
    async with bench(fsync) as it:
        runs = await created(it)
        async with processors(it, batch_max, str(runs[0])):
            return await decided_per_s(it, moves(runs, each))


async def latency_ms(samples: int) -> tuple[float, float]:
    """From proposal to decision at low load, fsync always: the median and the 99th percentile."""
    async with bench("always") as it:
        runs = await created(it)
        taken: list[float] = []
        async with (
            processors(it, 500),
            Proposer(it.redis, it.streams, "prompt", now) as proposer,
        ):
            for proposal in moves(runs, 1 + samples // RUNS)[:samples]:
                started = time.perf_counter()
                await proposer.propose(proposal)
                taken.append((time.perf_counter() - started) * 1e3)
                await asyncio.sleep(0.002)
        taken.sort()
        return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
