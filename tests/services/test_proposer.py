"""A proposer asks and hears the answer, over two connections however many proposals are open."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from events.log.redis import RedisEventLog
from events.states import StateType
from events.streams import Streams
from events.wire.codec import PROPOSAL_BYTES_MAX
from events.wire.replies import Answer, Unanswered
from headgate.clock import elapsed_s, now
from services.errors import Unavailable
from services.patience import end, pause_s
from services.proposer import Proposer
from tests.support.clients import client_of
from tests.support.processing import (
    create,
    decided_ids,
    processing,
    propose,
    proposing,
    reached,
    run_in,
)
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


async def test_answers_come_back_in_the_order_of_the_questions(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    asked = [create(run_in(place % 8), id=f"{place}") for place in range(300)]
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        answers = await proposer.propose_many(asked)
    assert [answer.proposal_id for answer in answers] == [each.id for each in asked]
    assert all(isinstance(answer, Answer) for answer in answers)


async def test_proposals_of_one_tick_travel_together(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    async with (
        processing(redis_url, redis, streams) as processor,
        proposing(redis, streams) as proposer,
    ):
        await proposer.propose_many([create(run_in(0)) for _ in range(200)])
        assert processor.health.counts["batches"] <= 5


async def test_two_proposers_hear_their_own_answers_only(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run = run_in(1)
    async with (
        processing(redis_url, redis, streams),
        proposing(redis, streams) as one,
        proposing(redis, streams) as other,
    ):
        first = await one.propose(create(run, id="same"))
        again = await other.propose(create(run, id="same"))
    assert isinstance(first, Answer)
    assert isinstance(again, Answer)
    assert (first.repeated, again.repeated) == (False, True)
    assert first.entry_id == again.entry_id


async def test_the_same_proposal_asked_many_times_at_once_is_decided_once(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run = run_in(1)
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        await proposer.propose(create(run))
        asked = propose(run, StateType.RUNNING, id="storm")
        answers = await proposer.propose_many([asked] * 50)
    assert len({getattr(answer, "entry_id", "") for answer in answers}) == 1
    assert (await decided_ids(RedisEventLog(redis, streams), 1)).count("storm") == 1


async def test_who_gets_no_answer_in_time_is_told_so(redis: Redis, streams: Streams) -> None:
    async with proposing(redis, streams, timeout_s=1.0) as proposer:
        with pytest.raises(Unavailable, match="no answer to alone in 1 s"):
            await proposer.propose(create(run_in(0), id="alone"))
    assert await redis.xlen(streams.proposals(0)) == 1


async def test_asking_again_after_a_timeout_gets_the_one_answer(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    asked = create(run_in(0))
    async with proposing(redis, streams, timeout_s=0.1) as hasty:
        with pytest.raises(Unavailable):
            await hasty.propose(asked)
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        answer = await proposer.propose(asked)
    assert isinstance(answer, Answer)
    assert (await RedisEventLog(redis, streams).head(0)).position == 1


async def test_a_proposal_that_is_too_large_is_answered_and_not_sent(
    redis: Redis, streams: Streams
) -> None:
    async with proposing(redis, streams) as proposer:
        answer = await proposer.propose(
            create(run_in(0), parameters={"x": "y" * PROPOSAL_BYTES_MAX})
        )
    assert isinstance(answer, Unanswered)
    assert str(PROPOSAL_BYTES_MAX) in answer.reason
    assert await redis.exists(streams.proposals(0)) == 0


async def test_a_redis_that_refuses_to_write_is_told_at_once(redis_server: RedisServer) -> None:
    streams = Streams(prefix="full", partitions=1)
    async with client_of(redis_server.url) as redis, proposing(redis, streams) as proposer:
        await redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        began = elapsed_s()
        with pytest.raises(Unavailable, match="did not take the proposal"):
            await proposer.propose(create(run_in(0)))
        with pytest.raises(Unavailable, match="did not take a proposal"):
            await proposer.send_many([create(run_in(0))])
    assert elapsed_s() - began < 2


async def test_answers_are_heard_over_a_restart_of_redis(redis_server: RedisServer) -> None:
    streams = Streams(prefix="restart", partitions=1)
    async with client_of(redis_server.url) as redis:
        log = RedisEventLog(redis, streams)
        async with proposing(redis, streams) as proposer:
            waiting = asyncio.create_task(proposer.propose(create(run_in(0))))
            await wait_until(lambda: has_been_asked(redis, streams))
            await asyncio.to_thread(redis_server.restart)
            async with processing(redis_server.url, redis, streams):
                assert isinstance(await waiting, Answer)
        assert (await log.head(0)).position == 1


async def has_been_asked(redis: Any, streams: Streams) -> bool:
    """Whether anything was proposed in partition 0."""
    return await redis.xlen(streams.proposals(0)) > 0


async def test_a_proposer_starts_before_redis_does(redis_server: RedisServer) -> None:
    redis_server.kill()
    streams = Streams(prefix="late", partitions=1)
    async with client_of(redis_server.url) as redis, proposing(redis, streams, 20) as proposer:
        waiting = asyncio.create_task(proposer.propose(create(run_in(0))))
        await asyncio.to_thread(redis_server.start)
        async with processing(redis_server.url, redis, streams):
            assert isinstance(await waiting, Answer)


async def test_who_waits_when_it_stops_is_told_so(redis: Redis, streams: Streams) -> None:
    proposer = Proposer(redis, streams, "stopping", now)
    with pytest.raises(Unavailable, match="not running"):
        await proposer.propose(create(run_in(0)))
    await proposer.start()
    waiting = asyncio.create_task(proposer.propose(create(run_in(0))))
    await wait_until(lambda: has_been_asked(redis, streams))
    await proposer.stop()
    with pytest.raises(Unavailable, match="stopped"):
        await waiting


async def test_what_is_sent_without_waiting_is_decided_in_order(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run, log = run_in(0), RedisEventLog(redis, streams)
    asked = [create(run, id="0")]
    later = [propose(run, StateType.RUNNING, id=f"{place}") for place in range(1, 1_200)]
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        await proposer.send_many([*asked, *later])
        await wait_until(lambda: reached(log, 0, 1_200), seconds=15)
    assert await decided_ids(log, 0) == [f"{place}" for place in range(1_200)]


async def test_an_earlier_life_of_the_same_name_is_not_heard_again(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run = run_in(0)
    async with processing(redis_url, redis, streams):
        async with Proposer(redis, streams, "one name", now) as first:
            await first.propose(create(run, id="asked"))
        async with Proposer(redis, streams, "one name", now) as second:
            answer = await second.propose(create(run, id="asked"))
    assert isinstance(answer, Answer)
    assert answer.repeated


def test_pauses_grow_to_a_second_and_stay_there() -> None:
    for failures in (1, 5, 50, 5_000):
        assert 0.05 <= pause_s(failures) <= 1.0
    assert pause_s(5_000) >= 0.5


async def test_a_task_that_swallows_a_cancellation_is_ended_all_the_same() -> None:
    began = asyncio.Event()

    async def stubborn() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await began.wait()
    await end(task)
    assert task.cancelled()
