"""A notifier to start and stop in a test, and what it is to tell of, stored over the bus."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from events.changes import ResourceStored
from events.log import EventLog
from events.log.redis import RedisEventLog
from events.proposals import AmendResource, StoreResource
from events.resources.blocks import BlockDocument, BlockSchema, BlockType
from events.resources.notifications import FlowRunNotificationPolicy, Notification, Sending
from events.resources.registry import AnyResource
from events.streams import Streams
from events.wire.codec import decode_decision
from headgate.clock import new_id, now
from services.blocks.sealing import Seal
from services.notifier import Claims, Courier, Notifier, Sender
from services.notifier.courier import PAUSES_S
from services.patience import end
from services.proposer import Proposer
from tests.support.processing import logged
from tests.support.waiting import wait_until

POLICY, TYPE, SCHEMA, BLOCK = (UUID(int=n) for n in range(1, 5))
_names = count()


@asynccontextmanager
async def notifying(
    redis: Redis,
    streams: Streams,
    log: EventLog | None = None,
    *,
    pauses_s: Sequence[float] = PAUSES_S,
    attempt_s: float = 5.0,
    margin_s: float = 10.0,
    waiting_max: int = 1_000,
) -> AsyncGenerator[Notifier]:
    """A notifier, running."""
    log = log or RedisEventLog(redis, streams)
    async with AsyncExitStack() as stack:
        proposer = await stack.enter_async_context(
            Proposer(redis, streams, f"notifier-{next(_names)}", now)
        )
        sender = Sender(attempt_s)
        stack.callback(sender.close)
        attempt, margin = timedelta(seconds=attempt_s), timedelta(seconds=margin_s)
        claims = Claims(
            log=log, proposer=proposer, now=now, new_id=new_id, attempt=attempt, margin=margin
        )
        courier = Courier(
            claims=claims,
            sender=sender,
            seal=Seal(None),
            api_url="http://x/api",
            pauses_s=pauses_s,
        )
        notifier = Notifier(
            redis=redis,
            log=log,
            claims=claims,
            courier=courier,
            now=now,
            stop_s=5.0,
            waiting_max=waiting_max,
        )
        running = asyncio.create_task(notifier.run())
        await wait_until(lambda: notifier.troubles() == [])
        yield notifier
        await notifier.stop()
        await end(running)


def hook(id: UUID, **data: Any) -> list[StoreResource]:
    """What makes a block of this *data*, the type and the schema of such blocks with it."""
    each: tuple[AnyResource, ...] = (
        BlockType(id=TYPE, name="hook", slug="hook"),
        BlockSchema(id=SCHEMA, checksum="a", block_type_id=TYPE),
        BlockDocument(
            id=id, name=f"hook-{id.int}", data=data, block_schema_id=SCHEMA, block_type_id=TYPE
        ),
    )
    return [stored(one) for one in each]


def about(id: UUID, block: UUID, template: str = "{flow_run_id}") -> StoreResource:
    """What makes a policy about failed runs, which are told of through this block."""
    return stored(
        FlowRunNotificationPolicy(
            id=id,
            state_names=["Failed"],
            tags=[],
            block_document_id=block,
            message_template=template,
        )
    )


def policy(url: str) -> list[StoreResource]:
    """What makes a policy about failed runs, which are told by a webhook."""
    return [*hook(BLOCK, url=url, method="POST", json_data="{{body}}"), about(POLICY, BLOCK)]


def stored(resource: AnyResource) -> StoreResource:
    """What stores it, as it is."""
    return StoreResource(id=new_id().hex, at=now(), resource=resource, if_exists="keep")


def switch(*, is_active: bool, at: datetime | None = None) -> AmendResource:
    """What switches the policy on or off."""
    return AmendResource(
        id=new_id().hex,
        at=at or now(),
        kind="flow_run_notification_policy",
        resource_id=POLICY,
        fields={"is_active": is_active},
    )


async def notifications(log: EventLog, policy: UUID) -> list[Notification]:
    """What was sent by a policy, as it is now, the first first."""
    found: dict[UUID, Notification] = {}
    for entry in await logged(log, log.streams.control):
        for change in decode_decision(entry.body).changes:
            match change:
                case ResourceStored(resource=Notification(policy_id=id) as one) if id == policy:
                    found[one.id] = one
                case _:
                    pass
    return list(found.values())


async def settled(log: EventLog, policy: UUID, count: int = 1) -> list[Notification]:
    """What was sent by a policy, once so many are settled."""
    found: list[Notification] = []

    async def are_settled() -> bool:
        found[:] = await notifications(log, policy)
        return len([one for one in found if one.outcome is not Sending.CLAIMED]) >= count

    await wait_until(are_settled, 15)
    return found
