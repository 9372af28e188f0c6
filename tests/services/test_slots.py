"""Slots are asked for once per batch, and none is lost when a process dies in between."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.changes import StateEntered
from events.decisions import Decision, Outcome, Recorded
from events.entities import Alias, Entity
from events.evolve import evolve, learn
from events.log.redis import RedisEventLog
from events.proposals import (
    CreateFlowRun,
    CreateLimit,
    CreateTaskRun,
    ProposeFlowRunState,
    ProposeTaskRunState,
    RegisterFlow,
    StoreResource,
    TakeSlots,
)
from events.resources.deployments import Deployment
from events.slots import ConcurrencyLimit, limit_key, limit_name_key
from events.states import ProposedState, StateType
from events.states.constructors import AwaitingRetry, Pending, Running
from events.streams import Streams
from events.wire.codec import decode_decision
from events.wire.replies import Answer
from headgate.clock import new_id, now
from tests.support.examples import DEPLOYMENT
from tests.support.processing import (
    GatedLog,
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
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

LIMIT = limit_name_key(f"deployment:{DEPLOYMENT}")


async def deploy(proposer: Any, most: int) -> None:
    """A deployment with a limit of its own."""
    flow = (await proposer.propose(RegisterFlow(id="flow", name="etl"))).decided()
    flow_id = UUID(flow.subject.removeprefix("flow:"))
    made = Deployment(id=DEPLOYMENT, flow_id=flow_id, name="d", concurrency_limit=most)
    await proposer.propose(StoreResource(id="deploy", resource=made))


def scheduled(run: UUID) -> CreateFlowRun:
    state = ProposedState(type=StateType.SCHEDULED)
    return CreateFlowRun(
        id=f"make {run}", flow_run_id=run, flow_id=run, deployment_id=DEPLOYMENT, state=state
    )


def claim(run: UUID) -> ProposeFlowRunState:
    state = ProposedState(type=StateType.PENDING)
    return ProposeFlowRunState(id=f"claim {run}", flow_run_id=run, state=state)


async def holders(log: RedisEventLog) -> dict[UUID, UUID]:
    """Who holds the limit's slots, by lease, folded from the log of the control partition."""
    known: dict[str, Entity] = {}
    for position, entry in enumerate(await logged(log, log.streams.control), start=1):
        decision = decode_decision(entry.body)
        recorded = Recorded(partition=0, position=position, time_ms=0, decision=decision)
        learn(known, evolve(known, recorded))
    named = known[LIMIT]
    assert isinstance(named, Alias)
    limit = known[limit_key(named.id)]
    assert isinstance(limit, ConcurrencyLimit)
    assert limit.limit.active_slots == len(limit.leases)
    return {id: held.holder.id for id, held in limit.leases.items() if held.holder}


async def test_a_batch_asks_once_for_the_slots_of_all_its_runs(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    runs = [run_in(0) for _ in range(100)]
    async with processing(redis_url, redis, streams), proposing(redis, streams) as proposer:
        await deploy(proposer, 60)
        await proposer.propose_many(scheduled(run) for run in runs)
    claims = [claim(run) for run in runs]
    await send(redis, streams, *claims)
    before = len(await logged(log, streams.control))
    async with processor_of(redis_url, redis, log) as processor:
        await wait_until(lambda: reached(log, 0, 200))
        # one batch of claims; its wishes travel together and wake their reader with the first
        assert processor.health.counts["batches"] <= 4
    assert len(await logged(log, streams.control)) == before + 100
    assert len(await holders(log)) == 60


async def test_a_process_that_dies_between_grant_and_commit_leaks_nothing(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    run = run_in(0)
    log, gated = RedisEventLog(redis, streams), GatedLog(redis, streams)
    gated.gate.set()
    async with proposing(redis, streams) as proposer:
        async with processor_of(redis_url, redis, gated, lease_ms=500) as dying:
            await deploy(proposer, 1)
            await proposer.propose(scheduled(run))
            commit = gated.commit

            async def only_control(partition: int, asked: Any) -> Any:
                if partition != streams.control:
                    await asyncio.Event().wait()
                return await commit(partition, asked)

            gated.commit = only_control  # pyright: ignore[reportAttributeAccessIssue]
            await send(redis, streams, claim(run))
            await wait_until(lambda: _some_hold(log))
            granted = await holders(log)
            for served in dying._served.values():  # pyright: ignore[reportPrivateUsage]
                for task in served.subscriber.tasks:
                    task.cancel()
        async with processing(redis_url, redis, streams):
            await wait_until(lambda: reached(log, 0, 2))
            assert await holders(log) == granted
            await proposer.propose(propose(run, StateType.CANCELLED, id="end"))
            await wait_until(lambda: _none_hold(log))
    (claimed,) = [
        decode_decision(entry.body)
        for entry in await logged(log, 0)
        if entry.proposal_id.startswith("claim")
    ]
    assert lease_of(claimed) in granted


async def test_a_task_run_that_begins_again_in_one_batch_holds_its_slot(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    """What gives the slot back is sent after its decision; so the rest waits for a batch."""
    run, task = run_in(0), new_id()
    log = RedisEventLog(redis, streams)

    def move(state: ProposedState, **fields: Any) -> ProposeTaskRunState:
        return ProposeTaskRunState(
            id=new_id().hex, task_run_id=task, flow_run_id=run, state=state, **fields
        )

    made = CreateTaskRun(
        id="make",
        task_run_id=task,
        flow_run_id=run,
        task_key="t",
        dynamic_key="0",
        tags=["db"],
        state=Pending(),
    )
    async with proposing(redis, streams) as proposer:
        async with processing(redis_url, redis, streams):
            await proposer.propose(CreateLimit(id="limit", name="tag:db", limit=1, limit_id=run))
            await proposer.propose(create(run))
            await proposer.propose(propose(run, StateType.RUNNING))
            await proposer.propose(made)
            await proposer.propose(move(Running()))
        await send(redis, streams, move(AwaitingRetry(now()), force=True), move(Running()))
        async with processing(redis_url, redis, streams):
            await wait_until(lambda: reached(log, 0, 6))
            another = TakeSlots(id="other", names=["tag:db"], lease_id=new_id())
            said = await proposer.propose(another)
            assert isinstance(said, Answer)
            assert said.decided().outcome is Outcome.WAIT
    (*_, last) = await logged(log, 0)
    (entered,) = decode_decision(last.body).changes
    assert isinstance(entered, StateEntered)
    assert entered.state.type is StateType.RUNNING


async def _some_hold(log: RedisEventLog) -> bool:
    return bool(await holders(log))


async def _none_hold(log: RedisEventLog) -> bool:
    return not await holders(log)


def lease_of(decision: Decision) -> UUID | None:
    slots = decision.facts.slots
    return None if slots is None else slots.lease_id
