"""The rule processor reads what is asked, decides, and commits, one partition at a time."""

from datetime import UTC, datetime

import pytest
from msgspec import structs
from redis.asyncio import Redis

from events.decisions import Outcome
from events.log import START, Head
from events.log.chain import broken_at
from events.log.redis import RedisEventLog
from events.proposals import WriteLogs
from events.states import StateType
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.codec import encode
from events.wire.replies import Answer, Unanswered
from services import rules
from services.rule_processor.batch import arrival_of
from tests.support.processing import (
    create,
    decided_ids,
    logged,
    processing,
    propose,
    proposing,
    reached,
    run_in,
    send,
    states_of,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


async def test_a_proposal_becomes_a_decision_in_the_log_and_an_answer(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run = run_in(3)
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        created = await proposer.propose(create(run))
        started = await proposer.propose(propose(run, StateType.RUNNING, id="start"))
    assert isinstance(created, Answer)
    assert isinstance(started, Answer)
    assert started.outcome is Outcome.ACCEPT
    assert started.state is not None
    assert started.state.type is StateType.RUNNING
    entry = await RedisEventLog(redis, streams).entry(3, started.entry_id)
    assert entry is not None
    assert entry.proposal_id == "start"
    assert entry.body == bytes(started.decision)


async def test_proposals_of_one_run_are_decided_in_the_order_in_which_they_came(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run, log = run_in(2), RedisEventLog(redis, streams)
    types = [StateType.RUNNING, StateType.PAUSED] * 150
    asked = [propose(run, type, id=f"{place:04}") for place, type in enumerate(types)]
    await send(redis, streams, create(run, id="first"), *asked)
    async with processing(redis_url, redis, streams, batch_max=70):
        await wait_until(lambda: reached(log, 2, len(asked) + 1))
    assert await decided_ids(log, 2) == ["first", *(each.id for each in asked)]
    assert (await states_of(log, run, 2))[1:] == types


async def test_the_chain_holds_over_batches_and_lives(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    for round in range(1, 4):
        async with processing(redis_url, redis, streams, batch_max=3):
            await send(redis, streams, *(create(run_in(1)) for _ in range(10)))
            await wait_until(lambda upto=10 * round: reached(log, 1, upto))
    entries = await logged(log, 1)
    assert len(entries) == 30
    assert broken_at(Head(), entries) is None


async def test_a_repeat_in_the_same_batch_gets_the_first_answer(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run, log = run_in(0), RedisEventLog(redis, streams)
    asked = propose(run, StateType.RUNNING, id="once")
    await send(redis, streams, create(run), asked, asked, asked)
    async with processing(redis_url, redis, streams) as processor:
        await wait_until(lambda: processor.health.counts["repeated"] == 2)
    assert (await decided_ids(log, 0)).count("once") == 1


async def test_a_repeat_in_a_later_batch_or_a_later_life_gets_the_first_answer(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run = run_in(0)
    asked = propose(run, StateType.RUNNING)
    async with proposing(redis, streams) as proposer:
        async with processing(redis_url, redis, streams):
            await proposer.propose(create(run))
            first = await proposer.propose(asked)
            await proposer.propose(propose(run, StateType.COMPLETED))
            later = await proposer.propose(asked)
        async with processing(redis_url, redis, streams):
            last = await proposer.propose(asked)
    assert isinstance(first, Answer)
    for again in (later, last):
        assert isinstance(again, Answer)
        assert again.repeated
        assert (again.entry_id, again.state) == (first.entry_id, first.state)
        assert bytes(again.decision) == bytes(first.decision)
    assert (await RedisEventLog(redis, streams).head(0)).position == 3


async def test_poison_is_kept_exactly_once_and_its_neighbours_are_decided(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log, runs = RedisEventLog(redis, streams), [run_in(0) for _ in range(6)]
    good = [create(run) for run in runs]
    poison = [
        b"no json",
        b"\xff\xfe",
        b'{"type":"no_such.v1","id":"x"}',
        encode(create(run_in(0))).replace(b'"flow_id":"', b'"flow_id":"not '),
        b"[" * 5_000,
    ]
    mixed = [each for pair in zip(good, poison, strict=False) for each in pair]
    await send(redis, streams, *mixed, good[-1], to=0)
    await redis.xadd(streams.proposals(0), {"k": "v"})
    async with processing(redis_url, redis, streams) as processor:
        await wait_until(lambda: processor.health.counts["dead_letters"] == 6)
    async with processing(redis_url, redis, streams):
        pass
    letters = [letter for _, letter in await log.dead_letters(0)]
    assert [letter.body for letter in letters] == [*poison, b'{"k":"v"}']
    assert letters[3].field == "flow_id"
    assert letters[5].field == PROPOSAL_FIELD
    assert await decided_ids(log, 0) == [each.id for each in good]


async def test_whoever_sent_poison_and_waits_is_told_what_is_wrong_with_it(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        too_late = structs.replace(create(run_in(0)), at=datetime(9999, 1, 1, tzinfo=UTC))
        answer = await proposer.propose(too_late)
    assert isinstance(answer, Unanswered)
    assert (answer.proposal_id, answer.field) == (too_late.id, "at")


async def test_a_proposal_in_the_wrong_partition_is_told_where_it_belongs(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    await send(redis, streams, encode(create(run_in(5))), to=4)
    async with processing(redis_url, redis, streams) as processor:
        await wait_until(lambda: processor.health.counts["dead_letters"] == 1)
    ((_, letter),) = await log.dead_letters(4)
    assert letter.reason == "belongs to partition 5"
    assert [await log.head(each) for each in (5,)] == [Head()]
    assert (await log.head(4)).offset == letter.offset


async def test_a_proposal_about_an_unknown_run_is_answered_and_kept(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        answer = await proposer.propose(propose(run_in(1), StateType.RUNNING))
    assert isinstance(answer, Unanswered)
    assert answer.missing
    assert len(await RedisEventLog(redis, streams).dead_letters(1)) == 1


async def test_a_proposal_that_breaks_a_rule_harms_nobody_else(
    redis: Redis, redis_url: str, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = rules.decide

    def broken(known: object, proposal: object, *rest: object) -> object:
        if getattr(proposal, "id", None) == "bomb":
            raise ValueError("boom")
        return decide(known, proposal, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(rules, "decide", broken)
    log = RedisEventLog(redis, streams)
    await send(redis, streams, create(run_in(0)), create(run_in(0), id="bomb"), create(run_in(0)))
    async with processing(redis_url, redis, streams) as processor:
        await wait_until(lambda: processor.health.counts["decided"] == 2)
    ((_, letter),) = await log.dead_letters(0)
    assert letter.reason == "internal error: ValueError('boom')"


async def test_without_an_instant_the_entry_says_when(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run, log = run_in(0), RedisEventLog(redis, streams)
    await redis.xadd(streams.proposals(0), {PROPOSAL_FIELD: encode(create(run))}, id="86400000-7")
    async with processing(redis_url, redis, streams):
        await wait_until(lambda: reached(log, 0, 1))
    (entry,) = await logged(log, 0)
    assert b'"at":"1970-01-02T00:00:00Z"' in entry.body


async def test_proposals_that_have_no_subject_are_logged_each_time(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    lines = WriteLogs(id="lines", run_id=run_in(0), lines=[])
    await send(redis, streams, lines, lines)
    async with processing(redis_url, redis, streams) as processor:
        await wait_until(
            lambda: (counts := processor.health.counts)["batches"] > 0 and bool(counts)
        )
    assert len(await log.dead_letters(0)) + (await log.head(0)).position == 2


async def test_a_stopped_processor_leaves_whole_batches_and_no_lease(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    await send(redis, streams, *(create(run_in(0)) for _ in range(400)))
    async with processing(redis_url, redis, streams, batch_max=100):
        await wait_until(lambda: reached(log, 0, 1))
    stopped_at = await log.head(0)
    assert stopped_at.position % 100 == 0
    assert await redis.exists(streams.lease(0)) == 0
    assert await redis.zcard(streams.workers) == 0
    async with processing(redis_url, redis, streams):
        await wait_until(lambda: reached(log, 0, 400))


async def test_whatever_an_entry_holds_it_becomes_an_arrival() -> None:
    for fields in ({}, {b"\xff": b"\xff"}, {b"proposal": b"\x00" * 10}, {b"proposal": b""}):
        arrival = arrival_of(START, fields)
        assert getattr(arrival.proposal, "reason", "")
