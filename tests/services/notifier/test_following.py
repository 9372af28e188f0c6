"""Nothing is read that no policy wants, and all that one wants, however much comes at once."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from itertools import count
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.log import Found
from events.log.redis import RedisEventLog
from events.proposals import AmendResource, StoreResource
from events.resources.blocks import BlockDocument, BlockSchema, BlockType
from events.resources.notifications import FlowRunNotificationPolicy
from events.resources.registry import AnyResource
from events.states import StateType
from events.streams import Streams
from headgate.clock import new_id, now
from services.blocks.sealing import Seal
from services.notifier import Claims, Courier, Notifier, Sender
from services.patience import end
from services.proposer import Proposer
from tests.support.processing import create, processing, propose, reached, run_in, send
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

POLICY, TYPE, SCHEMA, BLOCK = (UUID(int=n) for n in range(1, 5))
_names = count()


class Watched(RedisEventLog):
    """A log that notes which partitions somebody follows."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        super().__init__(redis, streams)
        self.followed: list[set[int]] = []

    def tail(self, after: Mapping[int, str], limit: int = 1_000) -> AsyncIterator[Found]:
        """Follow, and note it."""
        self.followed.append(set(after))
        return super().tail(after, limit)


@asynccontextmanager
async def notifying(redis: Redis, streams: Streams) -> AsyncGenerator[Watched]:
    """A notifier, running; the log as it reads it."""
    log = Watched(redis, streams)
    async with AsyncExitStack() as stack:
        proposer = await stack.enter_async_context(
            Proposer(redis, streams, f"notifier-{next(_names)}", now)
        )
        sender = Sender(5.0)
        stack.callback(sender.close)
        claims = Claims(
            log=log, proposer=proposer, now=now, new_id=new_id, attempt=timedelta(seconds=5)
        )
        courier = Courier(claims=claims, sender=sender, seal=Seal(None), api_url="http://x/api")
        notifier = Notifier(
            redis=redis, log=log, claims=claims, courier=courier, now=now, stop_s=5.0
        )
        running = asyncio.create_task(notifier.run())
        await wait_until(lambda: notifier.troubles() == [])
        yield log
        await notifier.stop()
        await end(running)


def policy(url: str) -> list[StoreResource]:
    """What makes a policy about failed runs, which are told by a webhook."""
    each: tuple[AnyResource, ...] = (
        BlockType(id=TYPE, name="hook", slug="hook"),
        BlockSchema(id=SCHEMA, checksum="a", block_type_id=TYPE),
        BlockDocument(
            id=BLOCK, name="hook", data={"url": url, "method": "POST", "json_data": "{{body}}"},
            block_schema_id=SCHEMA, block_type_id=TYPE,
        ),
        FlowRunNotificationPolicy(
            id=POLICY, state_names=["Failed"], tags=[], block_document_id=BLOCK,
            message_template="{flow_run_id}",
        ),
    )  # fmt: skip
    return [StoreResource(id=f"store-{one.id}", at=now(), resource=one) for one in each]


def switch(*, is_active: bool) -> AmendResource:
    return AmendResource(
        id=new_id().hex, at=now(), kind="flow_run_notification_policy", resource_id=POLICY,
        fields={"is_active": is_active},
    )  # fmt: skip


async def test_other_partitions_are_followed_only_while_a_policy_is_active(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    control, every = streams.control, set(streams.every())
    with Receiver() as receiver:
        async with processing(redis_url, redis, streams), notifying(redis, streams) as log:
            await wait_until(lambda: log.followed == [{control}], 5)
            await send(redis, streams, create(run_in(0), at=now()))
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: log.followed[-1] == every, 5)
            await send(redis, streams, switch(is_active=False))
            await wait_until(lambda: reached(log, control, 5))
            await send(redis, streams, *(create(run_in(n), at=now()) for n in every - {control}))
            await wait_until(lambda: log.followed[-1] == {control}, 5)
            await send(redis, streams, switch(is_active=True))
            await wait_until(lambda: log.followed[-1] == every, 5)
        assert receiver.heard == []


async def test_what_comes_at_once_is_told_of_once_and_in_order(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    runs = [run_in(n % streams.partitions) for n in range(60)]
    with Receiver() as receiver:
        async with processing(redis_url, redis, streams), notifying(redis, streams) as log:
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 4))
            asked = [create(run, at=now()) for run in runs]
            failed = [propose(run, StateType.FAILED, at=now()) for run in runs]
            completed = [propose(run, StateType.COMPLETED, at=now()) for run in runs]
            await send(redis, streams, *asked, *failed, *completed)
            await wait_until(lambda: len(receiver.heard) >= len(runs))
    told = [heard.json() for heard in receiver.heard]
    assert sorted(told) == sorted(str(run) for run in runs)
    for partition in range(streams.partitions):
        mine = [str(run) for run in runs if streams.of_run(run) == partition]
        assert [run for run in told if run in mine] == mine
