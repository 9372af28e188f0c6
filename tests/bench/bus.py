"""The bus: proposals waiting in the streams, decided as fast as the rule processor can."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

from msgspec import Struct, structs
from redis.asyncio import Redis

from events.decisions import Decision, Recorded
from events.entities import Entity, FlowRun, flow_run_key
from events.log.redis import RedisEventLog
from events.proposals import CreateFlowRun, Proposal, ProposeFlowRunState
from events.states.constructors import Completed, Running
from events.streams import Streams
from events.wire.codec import decode_decision
from headgate.clock import new_id, now
from headgate.reading import flow_run
from services import rules
from services.proposer import Proposer
from services.rule_processor import RuleProcessor, decider
from tests.support.servers import RedisServer

RUNS = 1_000
CLIENT = "bench"
"""Every proposal is answered, as those of real producers are."""


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
        redis: Redis = Redis.from_url(server.url)  # pyright: ignore[reportUnknownMemberType]
        try:
            streams = Streams()
            yield Bench(server.url, redis, streams, Proposer(redis, streams, CLIENT, now))
        finally:
            await redis.aclose()
            server.kill()


def moves(runs: Sequence[UUID], each: int) -> list[Proposal]:
    """Transitions that are all accepted: every run starts and ends, again and again."""
    return [
        ProposeFlowRunState(
            id=str(new_id()),
            at=now(),
            reply_to=CLIENT,
            flow_run_id=run,
            state=Completed() if turn % 2 else Running(),
        )
        for turn in range(each)
        for run in runs
    ]


async def created(it: Bench) -> list[UUID]:
    """Flow runs that exist."""
    flow_id, runs = new_id(), [new_id() for _ in range(RUNS)]
    creations = [
        CreateFlowRun(id=str(new_id()), at=now(), flow_run_id=run, flow_id=flow_id) for run in runs
    ]
    await decided_per_s(it, creations, batch_max=500)
    return runs


async def decided_per_s(it: Bench, proposals: Sequence[Proposal], batch_max: int) -> float:
    """Decisions per second over a backlog of *proposals*, read *batch_max* at a time."""
    await it.proposer.send_many(proposals)
    log = RedisEventLog(it.redis, it.streams)
    processor = RuleProcessor(
        url=it.url, redis=it.redis, log=log, name=str(new_id()), now=now, batch_max=batch_max
    )
    counts = processor.health.counts
    await processor.start()
    while not counts["decided"]:
        await asyncio.sleep(0.0005)
    started, first = time.perf_counter(), counts["decided"]
    while counts["decided"] < len(proposals):
        await asyncio.sleep(0.002)
    elapsed_s = time.perf_counter() - started
    await processor.stop()
    assert not counts["dead_letters"]
    return (len(proposals) - first) / elapsed_s


async def accepted(fsync: str, batch_max: int, each: int) -> float:
    """Accepted durable transitions per second."""
    async with bench(fsync) as it:
        runs = await created(it)
        return await decided_per_s(it, moves(runs, each), batch_max)


async def ceiling(fsync: str, batch_max: int, each: int) -> float:
    """The same loop without rules: read, decode, encode, commit; nothing is asked or folded."""
    async with bench(fsync) as it:
        runs = await created(it)
        with WithoutRules(await _template(it, runs[0])):
            return await decided_per_s(it, moves(runs, each), batch_max)


async def latency_ms(samples: int) -> tuple[float, float]:
    """From proposal to decision at low load, fsync always: the median and the 99th percentile."""
    async with bench("always") as it:
        runs = await created(it)
        log = RedisEventLog(it.redis, it.streams)
        processor = RuleProcessor(url=it.url, redis=it.redis, log=log, name=str(new_id()), now=now)
        taken: list[float] = []
        async with processor, Proposer(it.redis, it.streams, "prompt", now) as proposer:
            for proposal in moves(runs, 1 + samples // RUNS)[:samples]:
                started = time.perf_counter()
                await proposer.propose(proposal)
                taken.append((time.perf_counter() - started) * 1e3)
                await asyncio.sleep(0.002)
        taken.sort()
        return taken[len(taken) // 2], taken[int(len(taken) * 0.99)]


class _Template(Struct, frozen=True):
    decision: Decision
    run: FlowRun


async def _template(it: Bench, run: UUID) -> _Template:
    """What an accepted transition looks like, taken from a real one."""
    await decided_per_s(it, moves([run], 2), batch_max=1)
    log = RedisEventLog(it.redis, it.streams)
    partition = it.streams.of_run(run)
    head = await log.head(partition)
    entry = await log.entry(partition, head.entry_id)
    found = await flow_run(log, run)
    assert entry is not None
    assert found is not None
    return _Template(decode_decision(entry.body), found)


class WithoutRules:
    """Takes the rules and the fold out of the processor's loop, and leaves the rest as it is."""

    def __init__(self, template: _Template) -> None:
        self._template = template
        self._kept: dict[str, Any] = {}

    def __enter__(self) -> None:
        names: dict[str, Any] = decider.__dict__
        self._kept = {"rules": names["rules"], "evolve": names["evolve"]}
        names.update(rules=self, evolve=self._evolve)

    def __exit__(self, *_: object) -> None:
        decider.__dict__.update(self._kept)

    def decide(self, known: Mapping[str, Entity], proposal: Any, at: datetime) -> Decision:
        del known
        return structs.replace(
            self._template.decision,
            proposal_id=proposal.id,
            subject=flow_run_key(proposal.flow_run_id),
            at=at,
        )

    def answered(self, known: Mapping[str, Entity], proposal: Any) -> None:
        del known, proposal

    echoed: Callable[..., Any] = staticmethod(rules.echoed)

    def _evolve(self, known: Mapping[str, Entity], recorded: Recorded) -> dict[str, Entity]:
        del known
        return {recorded.decision.subject: self._template.run}
