"""Whoever has lost a partition decides nothing in it, and memory is never ahead of the log."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.entities import FlowRun, flow_run_key
from events.log import Commit, Committed, Conflict, LeaseLost
from events.log.redis import RedisEventLog
from events.proposals import Proposal
from events.states import StateType
from events.streams import PROPOSAL_FIELD, Streams
from events.wire.codec import encode
from headgate.clock import now
from services.proposer import Proposer
from services.rule_processor.batch import Arrival, arrival_of
from services.rule_processor.health import Health
from services.rule_processor.partition import Partition
from services.rule_processor.relay import Relay
from tests.support.processing import (
    FlakyLog,
    GatedLog,
    create,
    decided_ids,
    logged,
    processing,
    propose,
    reached,
    run_in,
    send,
    states_of,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


async def opened(
    redis: Redis, log: RedisEventLog, number: int = 0, lease: str | None = None
) -> Partition:
    """An owner of a partition, with its own memory."""
    send_many = Proposer(redis, log.streams, "relay", now).send_many
    owner = Partition(number, log, Relay(log, number, send_many), Health(), now, lease)
    await owner.open()
    return owner


def arriving(*proposals: Proposal, after: int = 0) -> list[Arrival]:
    """Arrivals as a reader would hand them on, at offsets that rise."""
    return [
        arrival_of(f"{after + place}-0", {PROPOSAL_FIELD.encode(): encode(proposal)})
        for place, proposal in enumerate(proposals, start=1)
    ]


def known_state(owner: Partition, run: UUID) -> StateType | None:
    """The state that *owner* remembers of *run*."""
    entity = owner.cache.known([flow_run_key(run)]).get(flow_run_key(run))
    if not isinstance(entity, FlowRun) or entity.progress.state is None:
        return None
    return entity.progress.state.type


async def test_of_two_owners_the_slower_decides_nothing(redis: Redis, streams: Streams) -> None:
    run = run_in(0)
    slow = GatedLog(redis, streams)
    paused, swift = await opened(redis, slow), await opened(redis, RedisEventLog(redis, streams))
    batch = arriving(create(run), propose(run, StateType.RUNNING))
    async with asyncio.TaskGroup() as group:
        group.create_task(paused.handle(batch))
        await slow.arrived.wait()
        await swift.handle(batch[:1])
        slow.gate.set()
    assert (await slow.head(0)).position == 1
    assert paused.head == swift.head == await slow.head(0)
    assert len(paused.cache) == 0
    # it reads anew from where the other was
    await paused.handle(batch[1:])
    assert await states_of(slow, run, 0) == [StateType.PENDING, StateType.RUNNING]


async def test_an_owner_without_its_lease_decides_nothing_and_ends(
    redis: Redis, streams: Streams
) -> None:
    slow = GatedLog(redis, streams)
    await redis.set(streams.lease(0), "old")
    paused = await opened(redis, slow, lease="old")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(paused.handle(arriving(create(run_in(0)))))
        await slow.arrived.wait()
        await redis.set(streams.lease(0), "new")
        slow.gate.set()
        await wait_until(lambda: paused.ended is not None)
        assert not task.done(), "it must not read on before it is stopped"
        paused.close()
    assert paused.ended is not None
    assert not paused.ended.is_broken
    assert (await slow.head(0)).position == 0


async def test_memory_is_never_ahead_of_the_log(redis: Redis, streams: Streams) -> None:
    run, flaky = run_in(0), FlakyLog(redis, streams)
    owner = await opened(redis, flaky)
    await owner.handle(arriving(create(run)))
    flaky.before = 1_000_000
    task = asyncio.create_task(owner.handle(arriving(propose(run, StateType.RUNNING), after=1)))
    await wait_until(lambda: flaky.before < 1_000_000 - 2)
    assert known_state(owner, run) is StateType.PENDING
    # meanwhile another decides otherwise
    other = await opened(redis, RedisEventLog(redis, streams))
    await other.handle(arriving(propose(run, StateType.CANCELLED), after=1))
    flaky.before = 0
    await task
    assert known_state(owner, run) is None
    assert owner.head == other.head
    await owner.handle(arriving(propose(run, StateType.COMPLETED), after=2))
    assert known_state(owner, run) is StateType.COMPLETED
    assert await states_of(flaky, run, 0) == [
        StateType.PENDING,
        StateType.CANCELLED,
        StateType.COMPLETED,
    ]


async def test_a_commit_whose_answer_was_lost_stands_once(redis: Redis, streams: Streams) -> None:
    run, flaky = run_in(0), FlakyLog(redis, streams)
    owner = await opened(redis, flaky)
    flaky.after = 3
    await owner.handle(arriving(create(run), propose(run, StateType.RUNNING)))
    assert (await flaky.head(0)).position == 2
    assert known_state(owner, run) is StateType.RUNNING
    assert owner.head == await flaky.head(0)


async def test_a_lost_answer_and_a_rival_after_it_make_the_owner_read_anew(
    redis: Redis, streams: Streams
) -> None:
    log, first, second = RedisEventLog(redis, streams), run_in(0), run_in(0)

    class Overtaken(RedisEventLog):
        """A log whose first answer is lost, and comes second to a rival when asked again."""

        is_first = True

        async def commit(self, partition: int, commit: Commit) -> Committed | Conflict | LeaseLost:
            said = await super().commit(partition, commit)
            if self.is_first:
                self.is_first = False
                rival = await opened(redis, log)
                await rival.handle(arriving(create(second), after=1))
                raise ConnectionError("the answer was lost")
            return said

    owner = await opened(redis, Overtaken(redis, streams))
    await owner.handle(arriving(create(first)))
    assert owner.head == await log.head(0)
    assert owner.head.position == 2


async def test_a_batch_in_hand_is_finished_when_asked_to_stop(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    slow, run = GatedLog(redis, streams), run_in(0)
    await send(redis, streams, create(run, id="in hand"))
    async with processing(redis_url, redis, streams, log=slow) as processor:
        await slow.arrived.wait()
        stopping = asyncio.create_task(processor.stop())
        await asyncio.sleep(0)
        slow.gate.set()
        await stopping
    assert await decided_ids(slow, 0) == ["in hand"]


async def test_follow_ups_survive_a_crash_between_commit_and_relay(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log, crashed = RedisEventLog(redis, streams), asyncio.Event()

    async def crash(_: object) -> None:
        crashed.set()
        raise ConnectionError("killed")

    child, parent, parent_task = run_in(0), run_in(1), UUID(int=(7 << 64) | 1)
    made = create(child, parent_task_run_id=parent_task, parent_flow_run_id=parent)
    dying = Partition(0, log, Relay(log, 0, crash), Health(), now)
    await log.create()
    await dying.open()
    await send(redis, streams, made, propose(child, StateType.RUNNING))
    raw: Any = redis
    entries = await raw.xrange(streams.proposals(0))
    await dying.handle([arrival_of(id.decode(), fields) for id, fields in entries])
    assert crashed.is_set()
    assert await redis.xlen(streams.proposals(1)) == 0
    async with processing(redis_url, redis, streams):
        relayed = [entry for entry in await logged(log, 0) if b"follow_ups" in entry.body]
        assert relayed
        assert await redis.xlen(streams.proposals(1)) == len(relayed)
        await wait_until(lambda: has_relayed(log, 0))
    async with processing(redis_url, redis, streams):
        assert await redis.xlen(streams.proposals(1)) == len(relayed)


async def has_relayed(log: RedisEventLog, partition: int) -> bool:
    """Whether the cursor of the follow-ups stands at the end of the log."""
    return await log.relayed(partition) == (await log.head(partition)).entry_id


async def test_a_follow_up_moves_the_parent_task_run(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    child, parent, parent_task = run_in(0), run_in(1), UUID(int=(7 << 64) | 1)
    async with processing(redis_url, redis, streams):
        await send(
            redis,
            streams,
            create(child, parent_task_run_id=parent_task, parent_flow_run_id=parent),
            propose(child, StateType.RUNNING),
        )
        await wait_until(lambda: reached(log, 0, 2))
        await wait_until(lambda: has_been_asked(redis, streams, 1))


async def has_been_asked(redis: Redis, streams: Streams, partition: int) -> bool:
    """Whether anything was proposed in a partition."""
    return await redis.xlen(streams.proposals(partition)) > 0


async def test_two_processors_share_the_partitions_and_one_takes_all(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    async with processing(redis_url, redis, streams, lease_ms=300) as first:
        assert len(first.partitions) == 9
        async with processing(redis_url, redis, streams, lease_ms=300) as second:
            await wait_until(lambda: len(first.partitions) == 5 and len(second.partitions) == 4)
            assert not first.partitions & second.partitions
        await wait_until(lambda: len(first.partitions) == 9)


async def test_partitions_of_a_worker_that_vanished_are_taken_over(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    await log.create()
    await redis.set(streams.lease(0), "gone", px=400)
    await send(redis, streams, create(run_in(0)))
    async with processing(redis_url, redis, streams, lease_ms=300):
        await wait_until(lambda: reached(log, 0, 1))
