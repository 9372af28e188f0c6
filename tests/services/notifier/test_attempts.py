"""An attempt that breaks is one notification's, and one that is waited for is nobody else's."""

from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError

from events.log.redis import RedisEventLog
from events.resources.notifications import Sending
from events.states import StateType
from events.streams import Streams
from headgate.clock import now
from tests.support.notifier import BLOCK, POLICY, about, hook, notifying, policy, settled
from tests.support.processing import create, processing, propose, reached, run_in, send
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

BAD_POLICY, BAD_BLOCK = UUID(int=11), UUID(int=12)


async def fail(redis: Redis, streams: Streams) -> str:
    run = run_in(0)
    failing = propose(run, StateType.FAILED, at=now())
    await send(redis, streams, create(run, at=now()), failing)
    return str(run)


@pytest.mark.parametrize(
    ("template", "data", "detail"),
    [
        ("{", {}, "the message could not be made: ValueError"),
        ("x", {"a": {"$ref": 1}}, "the message could not be made: TypeError"),
    ],
)
async def test_what_cannot_be_made_into_a_message_fails_alone(
    redis: Redis, redis_url: str, streams: Streams, template: str, data: dict[str, Any], detail: str
) -> None:
    log = RedisEventLog(redis, streams)
    with Receiver() as receiver:
        bad = [*hook(BAD_BLOCK, url=receiver.url, **data), about(BAD_POLICY, BAD_BLOCK, template)]
        async with processing(redis_url, redis, streams), notifying(redis, streams) as notifier:
            await send(redis, streams, *bad, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 6))
            first = await fail(redis, streams)
            (record,) = await settled(log, BAD_POLICY)
            assert (record.outcome, record.detail) == (Sending.FAILED, detail)
            second = await fail(redis, streams)
            assert len(await settled(log, POLICY, 2)) == 2
            assert notifier.troubles() == []
        assert [heard.json() for heard in receiver.heard] == [first, second]


async def test_what_breaks_on_the_way_out_may_have_arrived_and_ends_nothing(
    redis: Redis, redis_url: str, streams: Streams, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RedisEventLog(redis, streams)
    with Receiver() as receiver:
        async with processing(redis_url, redis, streams), notifying(redis, streams) as notifier:
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 4))
            with monkeypatch.context() as patched:
                patched.setenv("SSL_CERT_FILE", "/nowhere/at.all")
                await fail(redis, streams)
                (record,) = await settled(log, POLICY)
            assert record.outcome is Sending.UNKNOWN
            assert record.detail == "the sending broke: FileNotFoundError"
            second = await fail(redis, streams)
            await settled(log, POLICY, 2)
            assert notifier.troubles() == []
        assert [heard.json() for heard in receiver.heard] == [second]


async def test_a_claim_outlasts_the_pause_before_the_next_attempt(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    with Receiver() as receiver:
        receiver.statuses = [503]
        async with (
            processing(redis_url, redis, streams),
            notifying(redis, streams, pauses_s=(6.0,), attempt_s=2.5, margin_s=2.5),
            notifying(redis, streams, pauses_s=(6.0,), attempt_s=2.5, margin_s=2.5),
        ):
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 4))
            await fail(redis, streams)
            (record,) = await settled(log, POLICY)
        assert len(receiver.heard) == 2
    assert (record.outcome, record.detail, record.attempts) == (Sending.SENT, None, 2)


async def test_a_burst_for_one_who_answers_is_told_whole(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    with Receiver() as receiver:
        async with processing(redis_url, redis, streams):
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 4))
            runs = [await fail(redis, streams) for _ in range(12)]
            await wait_until(lambda: reached(log, 0, 24))
            async with notifying(redis, streams, waiting_max=2):
                records = await settled(log, POLICY, 12)
        assert sorted(heard.json() for heard in receiver.heard) == sorted(runs)
    assert {record.outcome for record in records} == {Sending.SENT}


async def test_a_burst_for_one_who_says_nothing_is_refused_but_for_what_waits(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    with Receiver() as receiver:
        receiver.gate.clear()
        async with processing(redis_url, redis, streams):
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 4))
            for _ in range(12):
                await fail(redis, streams)
            await wait_until(lambda: reached(log, 0, 24))
            async with notifying(redis, streams, waiting_max=2, attempt_s=1.0):
                records = await settled(log, POLICY, 12)
    said = sorted((record.outcome.value, record.detail) for record in records)
    refused = ("failed", "too many notifications wait for this block")
    assert said.count(refused) >= 8
    assert set(said) == {refused, ("unknown", "no answer within 1 s")}


@pytest.mark.timeout(60)
async def test_a_service_with_several_targets_is_not_told_again(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = RedisEventLog(redis, streams)
    with Receiver() as receiver:
        receiver.statuses = [200, 429]
        url = f"{receiver.url.replace('http', 'mmost', 1)}/{'a' * 24}?to=ops,dev"
        async with (
            processing(redis_url, redis, streams),
            notifying(redis, streams, pauses_s=(0.1, 0.1)),
        ):
            await send(redis, streams, *hook(BLOCK, url=url), about(POLICY, BLOCK))
            await wait_until(lambda: reached(log, streams.control, 4))
            await fail(redis, streams)
            (record,) = await settled(log, POLICY)
        told = [heard.json()["channel"] for heard in receiver.heard]
    assert sorted(told) == ["dev", "ops"]
    assert record.outcome is Sending.UNKNOWN
    assert record.detail == "the service did not say that all its targets took it"


class Hiccup(RedisEventLog):
    """A log in which flows cannot be read so many times, which is done just before a sending."""

    failures = 0

    async def snapshots(self, partition: int, fields: Any) -> Any:
        """Read, or fail."""
        if self.failures and fields[0].startswith("flow:"):
            self.failures -= 1
            raise ConnectionError("away")
        return await super().snapshots(partition, fields)


async def test_who_was_kept_from_reading_is_ready_when_it_can_read_again(
    redis: Redis, redis_url: str, streams: Streams
) -> None:
    log = Hiccup(redis, streams)
    with Receiver() as receiver:
        receiver.gate.clear()
        async with (
            processing(redis_url, redis, streams),
            notifying(redis, streams, log) as notifier,
        ):
            await send(redis, streams, *policy(receiver.url))
            await wait_until(lambda: reached(log, streams.control, 4))
            log.failures = 1
            await fail(redis, streams)
            await wait_until(lambda: bool(receiver.heard))
            assert (log.failures, notifier.troubles()) == (0, [])
            receiver.gate.set()
            await settled(log, POLICY)
