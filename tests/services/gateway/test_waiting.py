"""What was handed out and not acknowledged in time waits again, whoever handed it out."""

from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from events.streams import Streams
from services.gateway.background import Waiting
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

RUN, LATER = UUID(int=1), UUID(int=2)


@pytest.fixture
async def kept(redis: Redis, streams: Streams) -> Any:
    """Two runs that wait in different partitions."""
    client: Any = redis
    await client.zadd(streams.waiting(1, "task"), {str(RUN): 10})
    await client.zadd(streams.waiting(0, "task"), {str(LATER): 20})
    return client


async def test_those_that_waited_longest_go_first(
    kept: Any, redis: Redis, streams: Streams
) -> None:
    waiting = Waiting(redis, streams)
    found = [await waiting.next(["another", "task"]) for _ in range(3)]

    assert [None if each is None else each.task_run_id for each in found] == [RUN, LATER, None]


async def test_what_a_gateway_had_in_hand_when_it_was_killed_waits_again(
    kept: Any, redis: Redis, streams: Streams
) -> None:
    killed, other = Waiting(redis, streams, ack_ms=1), Waiting(redis, streams)
    assert await killed.next(["task"]) is not None
    handed: list[UUID] = []

    async def is_handed_out_again() -> bool:
        found = await other.next(["task"])
        handed.extend([] if found is None else [found.task_run_id])
        return RUN in handed

    await wait_until(is_handed_out_again)
    assert await other.next(["task"]) is None or set(handed) == {RUN}


async def test_what_is_put_back_goes_before_all_that_wait(
    kept: Any, redis: Redis, streams: Streams
) -> None:
    waiting = Waiting(redis, streams)
    run = await waiting.next(["task"])
    assert run is not None
    await waiting.put_back(run)
    assert await waiting.next(["task"]) == run
    await waiting.acknowledged(run)
    await waiting.put_back(run)
    later = await waiting.next(["task"])
    assert later is not None
    assert later.task_run_id == LATER
    assert await waiting.next(["task"]) is None
