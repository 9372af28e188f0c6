"""When the children of a cancelled flow run are looked for, and how often."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.entities import FlowRun, FlowRunAttributes, FlowRunProgress, TaskRun
from events.log.redis import RedisEventLog
from events.proposals import DeleteFlowRun, Proposal
from events.queries import FlowRunQuery, TaskRunQuery
from events.states import ProposedState, StateType
from events.streams import Streams
from headgate.clock import new_id
from services.patience import end
from services.timers import Timers, following
from services.timers.sets import TimerSets
from services.timers.timer import Cascade
from tests.support.examples import NOON, a_state
from tests.support.processing import create, processing, propose, reached, run_in, send
from tests.support.timing import Hand, timing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


class Listed:
    """Views that hold the subflows that a test lists, and have reached what it says."""

    def __init__(self) -> None:
        self.children: list[FlowRun] = []
        self.reached = 1_000
        self.asked = 0

    async def flow_runs(self, query: FlowRunQuery) -> list[FlowRun]:
        """A page of at most two."""
        self.asked += 1
        return self.children[query.skipped : query.skipped + 2]

    async def task_runs(self, query: TaskRunQuery) -> list[TaskRun]:
        """None."""
        del query
        return []

    async def positions(self) -> Mapping[int, int]:
        """The same everywhere."""
        return dict.fromkeys(range(9), self.reached)


def child_of(parent: UUID, type: StateType = StateType.RUNNING, **fields: Any) -> FlowRun:
    """A subflow of *parent*, in the partition of *parent*."""
    attributes = FlowRunAttributes(
        id=run_in(0),
        flow_id=UUID(int=1),
        name="x",
        created=NOON,
        parent_flow_run_id=parent,
        **fields,
    )
    return FlowRun(attributes, FlowRunProgress(state=a_state(type)))


async def cancelled(redis: Redis, streams: Streams, hand: Hand, run: UUID) -> None:
    """A run that ran and was cancelled."""
    log = RedisEventLog(redis, streams)
    before = (await log.head(0)).position
    running = create(run, state=ProposedState(type=StateType.RUNNING), at=hand.at)
    await send(redis, streams, running, propose(run, StateType.CANCELLED, at=hand.at))
    await wait_until(lambda: reached(log, 0, before + 2))


async def decide(redis: Redis, streams: Streams, proposal: Proposal) -> None:
    log = RedisEventLog(redis, streams)
    before = (await log.head(0)).position
    await send(redis, streams, proposal)
    await wait_until(lambda: reached(log, 0, before + 1))


async def sent(redis: Redis, streams: Streams) -> int:
    return await redis.xlen(streams.proposals(0))  # pyright: ignore[reportUnknownMemberType]


async def looked(timers: Timers, redis: Redis, streams: Streams) -> int | None:
    """How many children are asked now to end; None when it is not the time to look."""
    await timers.catch_up()
    found = [(each, it, ms) for each, it, ms in await timers.due() if isinstance(it, Cascade)]
    if not found:
        return None
    before = await sent(redis, streams)
    next_ms = await timers.cascades.look([(each, it) for each, it, _ in found])
    moves = [(*each, due_ms) for each, due_ms in zip(found, next_ms, strict=True)]
    assert all(await TimerSets(redis, streams).move(moves))
    return await sent(redis, streams) - before


async def test_looks_come_at_growing_distances_until_one_finds_nobody(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, views, parent = Hand(), Listed(), run_in(0)
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        await cancelled(redis, streams, hand, parent)
        hand.forward(milliseconds=1)
        views.children = [child_of(parent) for _ in range(5)]
        assert await looked(timers, redis, streams) == 5
        assert await looked(timers, redis, streams) is None
        hand.forward(seconds=1)
        views.children = [child_of(parent)]
        assert await looked(timers, redis, streams) == 1
        hand.forward(milliseconds=990)
        assert await looked(timers, redis, streams) is None
        hand.forward(milliseconds=30)
        views.children = []
        assert await looked(timers, redis, streams) == 0
        hand.forward(hours=1)
        assert await looked(timers, redis, streams) is None


async def test_the_first_look_is_never_the_last(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, views, parent = Hand(), Listed(), run_in(0)
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        await cancelled(redis, streams, hand, parent)
        assert await looked(timers, redis, streams) == 0
        hand.forward(seconds=1)
        assert await looked(timers, redis, streams) == 0
        hand.forward(hours=1)
        assert await looked(timers, redis, streams) is None


async def test_what_ended_more_than_a_day_ago_is_past(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    """Edge case 60."""
    hand, views, parent = Hand(), Listed(), run_in(0)
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        await cancelled(redis, streams, hand, parent)
        views.children = [child_of(parent)]
        hand.forward(days=1, seconds=1)
        assert await looked(timers, redis, streams) == 0
        assert await looked(timers, redis, streams) is None


async def test_a_parent_that_runs_again_keeps_its_children(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, views, parent = Hand(), Listed(), run_in(0)
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        await cancelled(redis, streams, hand, parent)
        views.children = [child_of(parent)]
        await decide(redis, streams, propose(parent, StateType.RUNNING))
        assert await looked(timers, redis, streams) == 0
        assert await looked(timers, redis, streams) is None


async def test_the_children_of_a_run_that_is_gone_are_cancelled(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    hand, views, parent = Hand(), Listed(), run_in(0)
    views.children = [child_of(parent)]
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        running = create(parent, state=ProposedState(type=StateType.RUNNING), at=hand.at)
        await decide(redis, streams, running)
        gone = DeleteFlowRun(id=new_id().hex, flow_run_id=parent, at=hand.at)
        await decide(redis, streams, gone)
        assert await looked(timers, redis, streams) == 1


async def test_a_child_that_is_being_cancelled_where_it_runs_is_left_alone(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    """Edge case 60: with a deployment it was asked already, without one it ends at once."""
    hand, views, parent = Hand(), Listed(), run_in(0)
    views.children = [
        child_of(parent, StateType.CANCELLING, deployment_id=UUID(int=2)),
        child_of(parent, StateType.CANCELLING),
    ]
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        await cancelled(redis, streams, hand, parent)
        assert await looked(timers, redis, streams) == 1


async def test_nobody_is_looked_for_in_views_that_are_behind(
    redis: Redis, redis_url: str, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "WAIT_S", 0.02)
    hand, views, parent = Hand(), Listed(), run_in(0)
    views.reached = 1
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        await cancelled(redis, streams, hand, parent)
        running = asyncio.create_task(timers.run())
        await wait_until(lambda: timers.troubles() == ["the views are behind the log"])
        assert views.asked == 0
        views.reached, views.children = 1_000, [child_of(parent)]
        hand.at += timedelta(seconds=11)
        await wait_until(lambda: views.asked == 2)
        await wait_until(lambda: not timers.troubles())
        await end(running)
    assert await sent(redis, streams) == 3
