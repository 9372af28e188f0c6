"""When the children of a cancelled flow run are looked for, and how often."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
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
from tests.support.processing import (
    create,
    processing,
    propose,
    reached,
    run_in,
    send,
    states_of,
)
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


class Looks:
    """A flow run, views that list its children, and timers that look for them when told to."""

    def __init__(
        self, redis: Redis, streams: Streams, hand: Hand, views: Listed, timers: Timers
    ) -> None:
        self._redis = redis
        self._streams = streams
        self._log = RedisEventLog(redis, streams)
        self.hand = hand
        self.views = views
        self.timers = timers
        self.parent = run_in(0)

    async def cancelled(self) -> None:
        """The run ran and was cancelled."""
        at = self.hand.at
        running = create(self.parent, state=ProposedState(type=StateType.RUNNING), at=at)
        await self.decide(running, propose(self.parent, StateType.CANCELLED, at=at))

    async def decide(self, *proposals: Proposal) -> None:
        """Propose, and wait for the decisions."""
        before = (await self._log.head(0)).position
        await send(self._redis, self._streams, *proposals)
        await wait_until(lambda: reached(self._log, 0, before + len(proposals)))

    async def sent(self) -> int:
        """How many proposals there have been."""
        stream = self._streams.proposals(0)
        return await self._redis.xlen(stream)  # pyright: ignore[reportUnknownMemberType]

    async def all_is_decided(self) -> bool:
        """Whether each proposal has its decision."""
        return (await self._log.head(0)).position == await self.sent()

    async def states(self, run: UUID) -> list[StateType]:
        """The states that *run* was in."""
        return await states_of(self._log, run, 0)

    async def looked(self) -> int | None:
        """How many children are asked now to end; None when it is not the time to look."""
        await self.timers.catch_up()
        due = await self.timers.due()
        found = [(each, it, ms) for each, it, ms in due if isinstance(it, Cascade)]
        if not found:
            return None
        before = await self.sent()
        next_ms = await self.timers.cascades.look([(each, it) for each, it, _ in found])
        moves = [(*each, due_ms) for each, due_ms in zip(found, next_ms, strict=True)]
        assert all(await TimerSets(self._redis, self._streams).move(moves))
        return await self.sent() - before


@pytest.fixture
async def looks(redis: Redis, redis_url: str, streams: Streams) -> AsyncGenerator[Looks]:
    hand, views = Hand(), Listed()
    async with (
        processing(redis_url, redis, streams),
        timing(redis, streams, hand, views=views) as timers,
    ):
        yield Looks(redis, streams, hand, views, timers)


async def test_looks_come_at_growing_distances_for_a_day(looks: Looks) -> None:
    """A child that comes late ends too: the process of its parent may go on for a while."""
    await looks.cancelled()
    looks.hand.forward(milliseconds=1)
    looks.views.children = [child_of(looks.parent) for _ in range(5)]
    assert await looks.looked() == 5
    assert await looks.looked() is None
    looks.hand.forward(seconds=1)
    looks.views.children = [child_of(looks.parent)]
    assert await looks.looked() == 1
    looks.hand.forward(milliseconds=990)
    assert await looks.looked() is None
    looks.hand.forward(milliseconds=30)
    looks.views.children = []
    found = [await looks.looked()]
    for _ in range(24 * 60):
        looks.hand.forward(minutes=1)
        found.append(await looks.looked())
    assert 8 < found.count(0) < 15
    looks.hand.forward(days=7)
    assert [await looks.looked(), await looks.looked()] == [0, None]


async def test_of_who_was_deleted_a_second_look_that_finds_nobody_is_the_last(
    looks: Looks,
) -> None:
    running = create(looks.parent, state=ProposedState(type=StateType.RUNNING), at=looks.hand.at)
    gone = DeleteFlowRun(id=new_id().hex, flow_run_id=looks.parent, at=looks.hand.at)
    await looks.decide(running, gone)
    assert await looks.looked() == 0
    looks.hand.forward(seconds=1)
    assert await looks.looked() == 0
    looks.hand.forward(hours=1)
    assert await looks.looked() is None


async def test_a_child_that_has_ended_meanwhile_stays_as_it_is(looks: Looks) -> None:
    """It ended after the views were asked and before the proposal was decided."""
    child = child_of(looks.parent)
    id = child.attributes.id
    running = create(id, state=ProposedState(type=StateType.RUNNING), at=looks.hand.at)
    await looks.decide(running, propose(id, StateType.COMPLETED, at=looks.hand.at))
    await looks.cancelled()
    looks.views.children = [child]
    assert await looks.looked() == 1
    await wait_until(looks.all_is_decided)
    assert await looks.states(id) == [StateType.RUNNING, StateType.COMPLETED]


async def test_what_ended_more_than_a_day_ago_is_past(looks: Looks) -> None:
    """Edge case 60."""
    await looks.cancelled()
    looks.views.children = [child_of(looks.parent)]
    looks.hand.forward(days=1, seconds=1)
    assert await looks.looked() == 0
    assert await looks.looked() is None


async def test_a_parent_that_runs_again_keeps_its_children(looks: Looks) -> None:
    await looks.cancelled()
    looks.views.children = [child_of(looks.parent)]
    await looks.decide(propose(looks.parent, StateType.RUNNING))
    assert await looks.looked() == 0
    assert await looks.looked() is None


async def test_the_children_of_a_run_that_is_gone_are_cancelled(looks: Looks) -> None:
    looks.views.children = [child_of(looks.parent)]
    running = create(looks.parent, state=ProposedState(type=StateType.RUNNING), at=looks.hand.at)
    await looks.decide(running)
    gone = DeleteFlowRun(id=new_id().hex, flow_run_id=looks.parent, at=looks.hand.at)
    await looks.decide(gone)
    assert await looks.looked() == 1


async def test_a_child_that_is_being_cancelled_where_it_runs_is_left_alone(looks: Looks) -> None:
    """Edge case 60: with a deployment it was asked already, without one it ends at once."""
    looks.views.children = [
        child_of(looks.parent, StateType.CANCELLING, deployment_id=UUID(int=2)),
        child_of(looks.parent, StateType.CANCELLING),
    ]
    await looks.cancelled()
    assert await looks.looked() == 1


async def test_nobody_is_looked_for_in_views_that_are_behind(
    looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "WAIT_S", 0.02)
    looks.views.reached = 1
    await looks.cancelled()
    running = asyncio.create_task(looks.timers.run())
    await wait_until(lambda: looks.timers.troubles() == ["the views are behind the log"])
    assert looks.views.asked == 0
    looks.views.reached, looks.views.children = 1_000, [child_of(looks.parent)]
    looks.hand.at += timedelta(seconds=11)
    await wait_until(lambda: looks.views.asked == 2)
    await wait_until(lambda: not looks.timers.troubles())
    await end(running)
    assert await looks.sent() == 3
