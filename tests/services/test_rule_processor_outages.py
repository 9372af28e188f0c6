"""Redis restarts, refuses to write, or comes back empty: it recovers or stops loudly."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from events.log import Head
from events.log.chain import broken_at
from events.log.redis import RedisEventLog
from events.states import StateType
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.codec import encode
from headgate.clock import elapsed_s
from services.errors import LogVanished, Unavailable
from services.proposer import Proposer
from tests.support.clients import client_of
from tests.support.processing import (
    create,
    logged,
    processing,
    processor_of,
    propose,
    proposing,
    reached,
    run_in,
    send,
)
from tests.support.proxy import proxied
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

WATCH_S = 1.5
QUIET = 12
"""Commands per second and partition that count as a spin; a sound one has two or three."""


async def commands(raw: Any, *names: str) -> int:
    """How many of these commands the server has been given so far."""
    stats = await raw.info("commandstats")
    return sum(stats.get(f"cmdstat_{name}", {}).get("calls", 0) for name in names)


async def rate(raw: Any, *names: str) -> float:
    """Commands per second over a while: what is measured is time itself, hence the sleep."""
    before = await commands(raw, *names)
    await asyncio.sleep(WATCH_S)
    return (await commands(raw, *names) - before) / WATCH_S


async def test_nothing_is_lost_or_decided_twice_when_redis_is_killed_under_load(
    redis_server: RedisServer,
) -> None:
    streams, runs = Streams(prefix="killed"), [run_in(each % 3) for each in range(60)]
    told: dict[str, str] = {}

    async def ask(proposer: Proposer, place: int) -> None:
        for type in (None, StateType.RUNNING, StateType.PAUSED, StateType.RUNNING):
            run, id = runs[place], f"{place}-{type}-{len(told)}"
            asked = create(run, id=id) if type is None else propose(run, type, id=id)
            while id not in told:
                try:
                    answer = await proposer.propose(asked)
                    told[id] = getattr(answer, "entry_id", "")
                except Unavailable:
                    await asyncio.sleep(0.01)

    async with client_of(redis_server.url) as redis:
        log = RedisEventLog(redis, streams)
        async with (
            processing(redis_server.url, redis, streams, lease_ms=1_000),
            proposing(redis, streams, timeout_s=1.0) as proposer,
            asyncio.TaskGroup() as group,
        ):
            for place in range(len(runs)):
                group.create_task(ask(proposer, place))
            for upto in (40, 120, 180):
                await wait_until(lambda upto=upto: len(told) >= upto, seconds=20)
                await asyncio.to_thread(redis_server.restart)
        decided: dict[str, str] = {}
        for partition in range(3):
            entries = await logged(log, partition)
            assert broken_at(Head(), entries) is None
            for entry in entries:
                assert entry.proposal_id not in decided, "decided twice"
                decided[entry.proposal_id] = entry.entry_id
    assert told == decided


async def test_it_serves_again_within_two_seconds_of_a_restart(redis_server: RedisServer) -> None:
    streams = Streams(prefix="restarted", partitions=2)
    async with (
        client_of(redis_server.url) as redis,
        processing(redis_server.url, redis, streams) as processor,
        proposing(redis, streams) as proposer,
    ):
        await proposer.propose(create(run_in(0)))
        await asyncio.to_thread(redis_server.kill)
        await wait_until(lambda: bool(processor.ready()), seconds=10)
        await asyncio.to_thread(redis_server.start)
        back = elapsed_s()
        await proposer.propose(create(run_in(1)))
        assert elapsed_s() - back < 2.0
        await wait_until(lambda: not processor.ready())


@pytest.mark.parametrize("lease_ms", [60_000, 1_000])
async def test_a_server_that_refuses_to_write_is_asked_seldom_and_served_again(
    redis_server: RedisServer, lease_ms: int
) -> None:
    streams = Streams(prefix="readonly", partitions=1)
    async with client_of(redis_server.url) as redis:
        log = RedisEventLog(redis, streams)
        async with processing(redis_server.url, redis, streams, lease_ms=lease_ms) as processor:
            await send(redis, streams, create(run_in(0)))
            await wait_until(lambda: reached(log, 0, 1))
            # what was proposed before the demotion is still to be decided
            await demote(redis, streams, create(run_in(0)))
            await wait_until(lambda: any("read only" in why for why in processor.ready()))
            assert await rate(redis, "eval", "evalsha", "xread") < QUIET
            await redis.execute_command("REPLICAOF", "NO", "ONE")
            await wait_until(lambda: reached(log, 0, 2))
            await wait_until(lambda: not processor.ready())


async def demote(redis: Any, streams: Streams, *proposals: Any) -> None:
    """Append *proposals* and become a replica of nobody before anyone can decide them."""
    pipeline = redis.pipeline(transaction=False)
    for each in proposals:
        pipeline.xadd(streams.proposals(streams.of(each)), {PROPOSAL_FIELD: encode(each)})
    pipeline.execute_command("REPLICAOF", "127.0.0.1", "1")
    await pipeline.execute()


async def test_a_stream_that_cannot_be_read_is_asked_seldom_and_read_again(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log, raw = RedisEventLog(redis, streams), redis
    await raw.set(streams.proposals(2), "not a stream")
    async with processor_of(redis_url, redis, log) as processor:
        await wait_until(lambda: any("WRONGTYPE" in why for why in processor.ready()))
        assert await rate(redis, "xread") < 9 * QUIET
        assert all("partition 2" in why for why in processor.ready())
        await raw.delete(streams.proposals(2))
        await send(redis, streams, create(run_in(2)))
        await wait_until(lambda: reached(log, 2, 1))
        await wait_until(lambda: not processor.ready())


async def test_a_corrupt_partition_is_given_up_loudly_and_the_others_are_served(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    async with processing(redis_url, redis, streams) as processor:
        await redis.xadd(streams.transitions(1), {"stranger": "was here"})
        await send(redis, streams, create(run_in(1)), create(run_in(2)))
        await wait_until(lambda: any("CORRUPT" in why for why in processor.ready()))
        await wait_until(lambda: 1 not in processor.partitions)
        await wait_until(lambda: reached(log, 2, 1))
        assert await redis.get(streams.lease(1)) is None
        assert await redis.xlen(streams.transitions(1)) == 1


async def test_a_log_that_vanished_stops_it_loudly(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    processor = processor_of(redis_url, redis, RedisEventLog(redis, streams), lease_ms=300)
    await processor.start()
    await wait_until(lambda: not processor.ready())
    await redis.unlink(streams.format, *(streams.lease(each) for each in streams.every()))
    await wait_until(lambda: any("LogVanished" in why for why in processor.ready()))
    await send(redis, streams, create(run_in(0)))
    await wait_until(lambda: processor.partitions == set())
    with pytest.raises(LogVanished, match="is gone"):
        await processor.stop()
    assert await redis.exists(streams.transitions(0)) == 0


async def test_proposals_and_head_that_vanished_are_begun_anew_and_said_aloud(
    redis: Redis, redis_url: str, streams: Streams, caplog: pytest.LogCaptureFixture
) -> None:
    log = RedisEventLog(redis, streams)
    async with processing(redis_url, redis, streams):
        await send(redis, streams, create(run_in(0)))
        await wait_until(lambda: reached(log, 0, 1))
        await redis.unlink(
            *(streams.proposals(0), streams.head(0), streams.transitions(0), streams.snapshots(0))
        )
        await send(redis, streams, create(run_in(0)))
        await wait_until(lambda: reached(log, 0, 1))
        assert "log_vanished: partition 0" in caplog.text


async def test_it_starts_before_redis_does(redis_server: RedisServer) -> None:
    redis_server.kill()
    streams = Streams(prefix="late", partitions=1)
    async with client_of(redis_server.url) as redis:
        log = RedisEventLog(redis, streams)
        async with processor_of(redis_server.url, redis, log) as processor:
            await wait_until(lambda: any("Redis" in why for why in processor.ready()), seconds=15)
            await asyncio.to_thread(redis_server.start)
            await wait_until(lambda: not processor.ready())
            await send(redis, streams, create(run_in(0)))
            await wait_until(lambda: reached(log, 0, 1))


async def test_answers_of_redis_that_get_lost_change_nothing(redis_server: RedisServer) -> None:
    streams = Streams(prefix="lossy", partitions=1)
    async with proxied(redis_server.port) as proxy, client_of(proxy.url) as lossy:
        log = RedisEventLog(lossy, streams)
        async with processing(redis_server.url, lossy, streams) as processor:
            for round in range(1, 6):
                proxy.lost = 1
                await send(lossy, streams, create(run_in(0)))
                await wait_until(lambda upto=round: reached(log, 0, upto))
            assert processor.health.counts["conflicts"] == 0
        assert len(await logged(log, 0)) == 5


async def test_it_stops_while_redis_is_away(redis_server: RedisServer) -> None:
    streams = Streams(prefix="away", partitions=1)
    async with client_of(redis_server.url) as redis:
        async with processing(redis_server.url, redis, streams):
            await asyncio.to_thread(redis_server.kill)
        with pytest.raises(RedisError):
            await redis.ping()
