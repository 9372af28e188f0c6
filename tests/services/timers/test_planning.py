"""Runs of schedules are planned ahead, once each, and unplanned when their deployment changes."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.entities import FlowRun, TaskRun
from events.log.redis import RedisEventLog
from events.proposals import AmendResource, Proposal, RegisterFlow, RemoveResource, StoreResource
from events.queries import FlowRunQuery, TaskRunQuery
from events.resources.deployments import Deployment
from events.resources.schedules import (
    CronSchedule,
    DeploymentSchedule,
    IntervalSchedule,
    RRuleSchedule,
    Schedule,
)
from events.states import ProposedState, StateType
from events.streams import Streams
from events.wire.codec import decode_decision
from events.wire.snapshots import entity_of, fields_of
from headgate.clock import new_id
from services import apart
from services.apart.children import Child
from services.patience import end
from services.proposer import Proposer
from services.timers import Timers
from services.timers.sets import TimerSets
from services.timers.timer import Planning
from tests.support.processing import create, processing, propose, proposing
from tests.support.timing import Hand, timing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Folded:
    """Views that fold the log whenever they are asked."""

    def __init__(self, log: RedisEventLog) -> None:
        self._log = log

    async def runs(self) -> list[FlowRun]:
        """All flow runs, by when they begin."""
        found: list[FlowRun] = []
        for partition in self._log.streams.every():
            keys = {
                decode_decision(entry.body).subject
                for entry in await self._log.entries(partition, limit=10_000)
            }
            for key in keys:
                if key.startswith("flow_run:"):
                    values = await self._log.snapshots(partition, fields_of(key))
                    run = entity_of(key, values)
                    if isinstance(run, FlowRun):
                        found.append(run)
        return sorted(found, key=_start)

    async def flow_runs(self, query: FlowRunQuery) -> list[FlowRun]:
        """Those that are scheduled, in pages of two."""
        found = [
            run
            for run in await self.runs()
            if run.progress.state is not None and run.progress.state.type is StateType.SCHEDULED
        ]
        return found[query.skipped : query.skipped + 2]

    async def task_runs(self, query: TaskRunQuery) -> list[TaskRun]:
        """None."""
        del query
        return []

    async def positions(self) -> Mapping[int, int]:
        """Always at the end."""
        return {each: (await self._log.head(each)).position for each in self._log.streams.every()}


def _start(run: FlowRun) -> datetime:
    return run.progress.booked.next_scheduled_start_time or NOON


class Story:
    """A deployment, and what is planned of it."""

    def __init__(
        self, redis: Redis, streams: Streams, timers: Timers, proposer: Proposer, hand: Hand
    ) -> None:
        self.hand = hand
        self.id = new_id()
        self.schedule_id = new_id()
        self.timers = timers
        self._sets = TimerSets(redis, streams)
        self._folded = Folded(RedisEventLog(redis, streams))
        self._proposer = proposer
        self._flow = UUID(int=0)

    async def ask(self, proposal: Proposal) -> Any:
        return await self._proposer.propose(proposal)

    async def deploy(self, schedule: Schedule, **fields: Any) -> None:
        """Store a deployment with one schedule."""
        answer = await self.ask(RegisterFlow(id=new_id().hex, name="etl", at=self.hand.at))
        self._flow = decode_decision(bytes(answer.decision)).subject_id
        made = Deployment(
            id=self.id,
            flow_id=self._flow,
            name="nightly",
            schedules=[DeploymentSchedule(id=self.schedule_id, schedule=schedule)],
            **fields,
        )
        await self.ask(StoreResource(id=new_id().hex, at=self.hand.at, resource=made))

    async def amend(self, **fields: Any) -> None:
        """Change fields of the deployment."""
        asked = AmendResource(
            id=new_id().hex, at=self.hand.at, kind="deployment", resource_id=self.id, fields=fields
        )
        await self.ask(asked)

    async def remove(self) -> None:
        await self.ask(
            RemoveResource(id=new_id().hex, at=self.hand.at, kind="deployment", resource_id=self.id)
        )

    async def tick(self) -> bool:
        """Plan, if that is due now; whether it was."""
        await self.timers.catch_up()
        due = [(p, t, ms) for p, t, ms in await self.timers.due() if isinstance(t, Planning)]
        for partition, timer, due_ms in due:
            (next_ms,) = await self.timers.planner.plan([(partition, timer)])
            await self._sets.move([(partition, timer, due_ms, next_ms)])
        return bool(due)

    async def starts(self) -> list[str]:
        """When the planned runs begin."""
        return [f"{_start(run):%d %H:%M}" for run in await self._folded.runs()]

    async def runs(self) -> list[FlowRun]:
        return await self._folded.runs()


@pytest.fixture
async def story(redis: Redis, redis_url: str, streams: Streams) -> AsyncGenerator[Story]:
    hand = Hand()
    hand.at = NOON
    views = Folded(RedisEventLog(redis, streams))
    async with (
        processing(redis_url, redis, streams),
        proposing(redis, streams) as proposer,
        timing(redis, streams, hand, views=views) as timers,
    ):
        yield Story(redis, streams, timers, proposer, hand)


EVERY_TWO_HOURS = IntervalSchedule(interval=7_200, anchor_date=NOON + timedelta(hours=1))


async def test_three_runs_are_planned_and_another_when_the_first_has_begun(story: Story) -> None:
    await story.deploy(EVERY_TWO_HOURS, tags=["x"])
    assert await story.tick()
    assert await story.starts() == ["20 13:00", "20 15:00", "20 17:00"]
    (first, *_) = await story.runs()
    assert first.attributes.tags == ["auto-scheduled", "x"]
    assert first.attributes.deployment_id == story.id
    story.hand.forward(hours=1)
    assert not await story.tick()
    story.hand.forward(seconds=1)
    assert await story.tick()
    assert (await story.starts())[3:] == ["20 19:00"]
    assert not await story.tick()


async def test_a_deployment_that_only_looks_different_keeps_its_runs(story: Story) -> None:
    await story.deploy(EVERY_TWO_HOURS)
    await story.tick()
    before = await story.runs()
    story.hand.forward(minutes=1)
    await story.amend(description="every two hours")
    assert await story.tick()
    assert await story.runs() == before


async def test_an_edited_deployment_gets_other_runs(story: Story) -> None:
    """Spec 8.5 and edge case 42: who has begun, or was asked for by a person, stays."""
    await story.deploy(EVERY_TWO_HOURS)
    await story.tick()
    begun = (await story.runs())[0].attributes.id
    await story.ask(propose(begun, StateType.PENDING, at=story.hand.at))
    by_hand = create(new_id(), deployment_id=story.id, at=NOON + timedelta(hours=9))
    await story.ask(by_hand)
    await story.amend(tags=["new"])
    assert await story.tick()
    runs = {run.attributes.id: run for run in await story.runs()}
    assert runs[begun].attributes.tags == ["auto-scheduled"]
    assert by_hand.flow_run_id in runs
    planned = [run.attributes.tags for run in runs.values() if run.attributes.auto_scheduled]
    assert sorted(planned, key=len) == [["auto-scheduled"], *[["auto-scheduled", "new"]] * 2]


async def test_a_paused_deployment_has_no_planned_runs_until_it_goes_on(story: Story) -> None:
    await story.deploy(EVERY_TWO_HOURS)
    await story.tick()
    await story.amend(paused=True)
    await story.tick()
    assert await story.starts() == []
    story.hand.forward(days=7)
    assert not await story.tick()
    await story.amend(paused=False)
    await story.tick()
    assert await story.starts() == ["27 13:00", "27 15:00", "27 17:00"]


@pytest.mark.parametrize("is_paused", [True, False])
async def test_nobody_runs_late_what_a_person_has_switched_off(
    story: Story, is_paused: bool
) -> None:
    """Spec 8.5: pausing a deployment, or its schedule, is no edit, after which late runs stay."""
    await story.deploy(EVERY_TWO_HOURS)
    await story.tick()
    story.hand.forward(hours=2)
    await story.tick()
    assert "20 13:00" in await story.starts()
    inactive = DeploymentSchedule(id=story.schedule_id, schedule=EVERY_TWO_HOURS, active=False)
    await story.amend(**({"paused": True} if is_paused else {"schedules": [inactive]}))
    await story.tick()
    assert await story.starts() == []


async def test_the_runs_of_a_removed_deployment_go_those_asked_for_by_hand_too(
    story: Story, redis: Redis, streams: Streams
) -> None:
    await story.deploy(EVERY_TWO_HOURS)
    await story.tick()
    story.hand.forward(days=1)
    await story.remove()
    await story.tick()
    assert await story.starts() == []
    story.hand.forward(days=1)
    assert not await story.tick()
    assert await redis.exists(streams.planned) == 0


async def test_a_run_that_is_scheduled_after_its_deployment_was_removed_stays(
    story: Story, redis: Redis, streams: Streams
) -> None:
    """Also when the timers are set anew, from the first decision on."""
    await story.deploy(EVERY_TWO_HOURS)
    stays, goes = new_id(), new_id()
    for run in (stays, goes):
        waits = ProposedState(type=StateType.SCHEDULED)
        await story.ask(create(run, deployment_id=story.id, at=story.hand.at, state=waits))
    await story.remove()
    story.hand.forward(milliseconds=1)
    await story.ask(propose(stays, StateType.SCHEDULED, at=story.hand.at))
    for _ in range(2):
        assert await story.tick()
        assert [run.attributes.id for run in await story.runs()] == [stays]
        await redis.unlink(streams.timers(streams.control))


async def test_after_a_week_of_silence_planning_goes_on_from_now(story: Story) -> None:
    await story.deploy(EVERY_TWO_HOURS)
    await story.tick()
    story.hand.forward(days=7)
    await story.tick()
    assert (await story.starts())[3:] == ["27 13:00", "27 15:00", "27 17:00"]


async def test_planning_again_from_nothing_makes_no_run_twice(
    story: Story, redis: Redis, streams: Streams
) -> None:
    """What is kept beside the log is lost, and so are the timers."""
    await story.deploy(EVERY_TWO_HOURS)
    await story.tick()
    before = await story.starts()
    await redis.unlink(streams.planned, streams.timers(streams.control))
    assert await story.tick()
    assert await story.starts() == before


async def test_several_processes_plan_each_run_once(
    story: Story, redis: Redis, streams: Streams
) -> None:
    views = Folded(RedisEventLog(redis, streams))
    async with (
        timing(redis, streams, story.hand, views=views) as second,
        timing(redis, streams, story.hand, views=views) as third,
    ):
        running = [asyncio.create_task(each.run()) for each in (story.timers, second, third)]
        await story.deploy(EVERY_TWO_HOURS)
        await wait_until(lambda: _has(story, 3))
        for runs in range(4, 7):
            story.hand.forward(hours=2, seconds=1)
            await wait_until(lambda runs=runs: _has(story, runs))
        await end(*running)
    log = RedisEventLog(redis, streams)
    made = [
        decode_decision(entry.body).kind
        for partition in streams.every()
        for entry in await log.entries(partition, limit=10_000)
    ]
    assert made.count("create_flow_run") == 6, "none was made, or asked for, twice"


async def _has(story: Story, runs: int) -> bool:
    return len(await story.runs()) == runs


class Held:
    """A proposer that asks for runs when a test says so."""

    def __init__(self, proposer: Proposer) -> None:
        self.asks, self.goes_on = asyncio.Event(), asyncio.Event()
        self._proposer = proposer

    async def propose_many(self, asked: Sequence[Proposal]) -> Any:
        self.asks.set()
        await self.goes_on.wait()
        return await self._proposer.propose_many(asked)


async def test_what_is_removed_while_it_is_planned_has_no_planned_runs(
    story: Story, redis: Redis, streams: Streams
) -> None:
    """Who knows that it is removed waits until who does not has planned it."""
    views = Folded(RedisEventLog(redis, streams))
    async with (
        proposing(redis, streams) as proposer,
        timing(redis, streams, story.hand, views=views, proposer=(held := Held(proposer))) as slow,
    ):
        await story.deploy(EVERY_TWO_HOURS)
        planning = asyncio.create_task(slow.planner.plan([(streams.control, Planning(story.id))]))
        await held.asks.wait()
        await story.remove()
        removing = asyncio.create_task(story.tick())
        await asyncio.sleep(0.1)
        held.goes_on.set()
        await planning
        assert await removing
    assert await story.starts() == []
    assert await redis.exists(streams.planned) == 0


async def test_planning_again_comes_in_rounds(story: Story, redis: Redis, streams: Streams) -> None:
    views = Folded(RedisEventLog(redis, streams))
    spans = {"replan": timedelta(hours=24), "ask_max": 2, "plan_max": 5}
    async with timing(redis, streams, story.hand, views=views, **spans) as timers:
        running = asyncio.create_task(timers.run())
        await story.deploy(EVERY_TWO_HOURS)
        await wait_until(lambda: _has(story, 3))
        # the first has begun at 13:00; the day is over twelve hours from noon
        await wait_until(lambda: _is_planned_at(redis, streams, NOON + timedelta(hours=12)))
        story.hand.forward(hours=13, minutes=30)
        await wait_until(lambda: _has(story, 6))
        await end(running)


async def _is_planned_at(redis: Redis, streams: Streams, at: datetime) -> bool:
    due = await TimerSets(redis, streams).due(streams.every(), 2**53, 10)
    return [ms for _, ms in due.timers.get(streams.control, ())] == [int(at.timestamp() * 1_000)]


@pytest.mark.parametrize(
    "schedule",
    [
        CronSchedule(cron="sometimes"),
        IntervalSchedule(interval=1e13, anchor_date=NOON),
        RRuleSchedule(rrule="FREQ=WEEKLY;INTERVAL=0"),
        RRuleSchedule(rrule="DTSTART:99991231T235959\nRRULE:FREQ=WEEKLY;BYYEARDAY=1"),
        RRuleSchedule(rrule="FREQ=SECONDLY;COUNT=1000000000;BYMONTH=2;BYMONTHDAY=30"),
    ],
)
async def test_a_broken_schedule_harms_nobody(
    story: Story, schedule: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_schedules", Child("impatient schedules", cpu_s=1))
    await story.deploy(schedule)
    assert await story.tick()
    assert await story.starts() == []
    assert not await story.tick()


async def test_plans_are_made_while_it_runs(story: Story) -> None:
    running = asyncio.create_task(story.timers.run())
    await story.deploy(EVERY_TWO_HOURS)

    async def are_planned() -> bool:
        return len(await story.starts()) == 3

    await wait_until(are_planned)
    await end(running)
