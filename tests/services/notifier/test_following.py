"""Nothing is read that no policy wants, and all that one wants, however much comes at once."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec import structs
from redis.asyncio import Redis

from events.log import START, Entry, Found
from events.log.redis import RedisEventLog
from events.states import StateType
from events.streams import Streams
from headgate.clock import now
from tests.support.notifier import notifying, policy, switch
from tests.support.processing import create, processing, propose, reached, run_in, send
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio


class Watched(RedisEventLog):
    """A log that notes which partitions somebody follows."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        super().__init__(redis, streams)
        self.followed: list[set[int]] = []

    def tail(self, after: Mapping[int, str], limit: int = 1_000) -> AsyncIterator[Found]:
        """Follow, and note it."""
        self.followed.append(set(after))
        return super().tail(after, limit)


async def test_other_partitions_are_followed_only_while_a_policy_is_active(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    control, every = streams.control, set(streams.every())
    log = Watched(redis, streams)
    with Receiver() as receiver:
        async with processing(redis_url, redis, streams), notifying(redis, streams, log):
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
    log = RedisEventLog(redis, streams)
    with Receiver() as receiver:
        async with processing(redis_url, redis, streams), notifying(redis, streams):
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


class Between(RedisEventLog):
    """A log in which something is decided before *partition* is read for the first time."""

    def __init__(self, redis: Redis, streams: Streams, partition: int) -> None:
        super().__init__(redis, streams)
        self._client = redis
        self._partition = partition
        self.run = run_in(partition)

    async def entries(self, partition: int, after: str = START, limit: int = 1_000) -> list[Entry]:
        """Read, once the policy is switched off and a run has failed after that."""
        if partition == self._partition:
            self._partition = -1
            before = (await self.head(self.streams.control)).position
            await send(self._client, self.streams, switch(is_active=False))
            await wait_until(lambda: reached(self, self.streams.control, before + 1))
            failing = propose(self.run, StateType.FAILED, at=now())
            await send(self._client, self.streams, create(self.run, at=now()), failing)
            await wait_until(lambda: reached(self, partition, 2))
        return await super().entries(partition, after, limit)


async def test_who_catches_up_knows_the_policies_of_what_came_meanwhile(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log, after = Between(redis, streams, 0), run_in(0)
    with Receiver() as receiver:
        async with processing(redis_url, redis, streams):
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 4))
            async with notifying(redis, streams, log):
                await send(redis, streams, switch(is_active=True))
                await wait_until(lambda: reached(log, streams.control, 6))
                failing = propose(after, StateType.FAILED, at=now())
                await send(redis, streams, create(after, at=now()), failing)
                await wait_until(lambda: bool(receiver.heard))
        assert [heard.json() for heard in receiver.heard] == [str(after)]


@pytest.mark.parametrize("minutes", [-60, 60])
async def test_a_policy_holds_from_where_the_log_has_it_whatever_a_gateways_clock_said(
    redis: Redis, redis_url: str, streams: Streams, minutes: int
) -> None:
    log, runs, said = RedisEventLog(redis, streams), [run_in(0) for _ in range(3)], now()
    wrong = said + timedelta(minutes=minutes)

    async def fail(run: UUID, position: int) -> None:
        failing = propose(run, StateType.FAILED, at=now())
        await send(redis, streams, create(run, at=now()), failing)
        await wait_until(lambda: reached(log, 0, position))

    with Receiver() as receiver:
        async with processing(redis_url, redis, streams):
            await send(
                redis, streams, *(structs.replace(p, at=wrong) for p in policy(receiver.url))
            )
            await wait_until(lambda: reached(log, streams.control, 4))
            await fail(runs[0], 2)
            await send(redis, streams, switch(is_active=False, at=wrong))
            await wait_until(lambda: reached(log, streams.control, 5))
            await fail(runs[1], 4)
            await send(redis, streams, switch(is_active=True, at=wrong))
            await wait_until(lambda: reached(log, streams.control, 6))
            await fail(runs[2], 6)
            async with notifying(redis, streams):
                await wait_until(lambda: len(receiver.heard) == 2)
    assert [heard.json() for heard in receiver.heard] == [str(runs[0]), str(runs[2])]
