"""Workers that are silent are offline; what nobody serves is not ready."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.log.redis import RedisEventLog
from events.proposals import AmendResource, RegisterFlow, RemoveResource, StoreResource
from events.resources.deployments import Deployment
from events.resources.registry import AnyResource, resource_key
from events.resources.resource import Resource, kind_name
from events.resources.work_pools import Worker, WorkPool, WorkQueue
from events.streams import Streams
from events.wire.codec import decode_decision
from events.wire.replies import Answer
from events.wire.snapshots import entity_of, fields_of
from headgate.clock import new_id
from services.proposer import Proposer
from services.timers import Timers
from services.timers.sets import TimerSets
from services.timers.timer import Watch
from tests.support.processing import processing, proposing
from tests.support.timing import Hand, timing

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
POOL, QUEUE, WORKER, OTHER, DEPLOYMENT = (UUID(int=number) for number in range(1, 6))


class Story:
    """Resources, and what becomes of them as time goes by."""

    def __init__(
        self, redis: Redis, streams: Streams, timers: Timers, proposer: Proposer, hand: Hand
    ) -> None:
        self._hand = hand
        self._log = RedisEventLog(redis, streams)
        self._sets = TimerSets(redis, streams)
        self._timers = timers
        self._proposer = proposer

    async def store(self, resource: AnyResource) -> None:
        """Make it known."""
        await self._ask(StoreResource(id=new_id().hex, at=self._hand.at, resource=resource))

    async def amend(self, type: type[Resource], id: UUID, **fields: Any) -> None:
        """Change fields of it."""
        await self._ask(
            AmendResource(
                id=new_id().hex,
                at=self._hand.at,
                kind=kind_name(type),
                resource_id=id,
                fields=fields,
            )
        )

    async def remove(self, type: type[Resource], id: UUID) -> None:
        """Forget it."""
        await self._ask(
            RemoveResource(id=new_id().hex, at=self._hand.at, kind=kind_name(type), resource_id=id)
        )

    async def _ask(self, proposal: Any) -> Answer:
        answer = await self._proposer.propose(proposal)
        assert isinstance(answer, Answer)
        return answer

    async def after(self, **span: float) -> int:
        """How many were looked at when this time has passed."""
        self._hand.forward(**span)
        await self._timers.catch_up()
        due = [(p, t, ms) for p, t, ms in await self._timers.due() if isinstance(t, Watch)]
        next_ms = await self._timers.foreman.look([(p, t) for p, t, _ in due])
        await self._sets.move((*each, ms) for each, ms in zip(due, next_ms, strict=True))
        return len(due)

    async def status(self, type: type[Resource], id: UUID) -> str:
        """Its status."""
        key = resource_key(kind_name(type), id)
        control = self._log.streams.control
        found: Any = entity_of(key, await self._log.snapshots(control, fields_of(key)))
        return found.status

    async def deployment(self, **fields: Any) -> None:
        """Store a deployment of a flow."""
        answer = await self._ask(RegisterFlow(id="flow", name="etl", at=self._hand.at))
        flow = decode_decision(bytes(answer.decision)).subject_id
        await self.store(Deployment(id=DEPLOYMENT, flow_id=flow, name="d", **fields))


@pytest.fixture
async def story(redis: Redis, redis_url: str, streams: Streams) -> AsyncGenerator[Story]:
    hand = Hand()
    hand.at = NOON
    async with (
        processing(redis_url, redis, streams),
        proposing(redis, streams) as proposer,
        timing(redis, streams, hand) as timers,
    ):
        yield Story(redis, streams, timers, proposer, hand)


def worker(id: UUID, **fields: Any) -> Worker:
    fields = {"status": "ONLINE", "last_heartbeat_time": NOON, **fields}
    return Worker(id=id, work_pool_id=POOL, name=str(id), **fields)


async def test_a_worker_that_leaves_out_three_heartbeats_is_offline_and_its_pool_not_ready(
    story: Story,
) -> None:
    await story.store(WorkPool(id=POOL, name="p", status="READY"))
    await story.store(worker(WORKER, heartbeat_interval_seconds=10))
    assert await story.after(seconds=30) == 0
    assert await story.after(seconds=1) == 1
    assert await story.status(Worker, WORKER) == "OFFLINE"
    assert await story.status(WorkPool, POOL) == "NOT_READY"
    assert await story.after(hours=1) == 0


async def test_a_worker_that_is_heard_of_stays_online(story: Story) -> None:
    await story.store(WorkPool(id=POOL, name="p", status="READY"))
    await story.store(worker(WORKER))
    await story.store(worker(OTHER, status="OFFLINE"))
    assert await story.after(seconds=85) == 0
    heard = NOON + timedelta(seconds=85)
    await story.amend(Worker, WORKER, last_heartbeat_time=heard)
    assert await story.after(seconds=10) == 1
    assert await story.status(WorkPool, POOL) == "READY"
    assert await story.after(seconds=79) == 0
    assert await story.after(seconds=2) == 1
    assert await story.status(Worker, WORKER) == "OFFLINE"
    assert await story.status(WorkPool, POOL) == "NOT_READY"


async def test_one_worker_is_enough_for_a_pool(story: Story) -> None:
    await story.store(WorkPool(id=POOL, name="p", status="READY"))
    await story.store(worker(WORKER, heartbeat_interval_seconds=10))
    await story.store(worker(OTHER, heartbeat_interval_seconds=1_000))
    assert await story.after(seconds=31) == 1
    assert await story.status(Worker, WORKER) == "OFFLINE"
    assert await story.status(WorkPool, POOL) == "READY"
    await story.remove(Worker, OTHER)
    assert await story.after(seconds=60) == 1
    assert await story.status(WorkPool, POOL) == "NOT_READY"


async def test_a_queue_that_nobody_polls_is_not_ready_and_one_that_is_paused_stays_so(
    story: Story,
) -> None:
    await story.store(WorkPool(id=POOL, name="p"))
    polled: dict[str, Any] = {"work_pool_id": POOL, "last_polled": NOON}
    await story.store(WorkQueue(id=QUEUE, name="q", status="READY", **polled))
    await story.store(WorkQueue(id=OTHER, name="r", status="PAUSED", **polled))
    assert await story.after(seconds=60) == 0
    assert await story.after(seconds=1) == 1
    assert await story.status(WorkQueue, QUEUE) == "NOT_READY"
    assert await story.status(WorkQueue, OTHER) == "PAUSED"


async def test_a_deployment_is_ready_while_somebody_polls_it_or_its_queue(story: Story) -> None:
    await story.store(WorkPool(id=POOL, name="p"))
    later = NOON + timedelta(seconds=30)
    queue = WorkQueue(id=QUEUE, name="q", work_pool_id=POOL, last_polled=later)
    await story.store(queue)
    await story.deployment(status="READY", last_polled=NOON, work_queue_id=QUEUE)
    assert await story.after(seconds=61) == 1
    assert await story.status(Deployment, DEPLOYMENT) == "READY"
    assert await story.after(seconds=28) == 0
    assert await story.after(seconds=2) == 1
    assert await story.status(Deployment, DEPLOYMENT) == "NOT_READY"


async def test_who_is_gone_is_not_looked_for(story: Story) -> None:
    await story.store(WorkPool(id=POOL, name="p"))
    await story.store(worker(WORKER))
    await story.remove(WorkPool, POOL)
    assert await story.after(hours=1) == 0
