"""What the log on Redis promises besides the contract."""

from typing import Any

import anyio
import pytest
from msgspec import structs
from redis.asyncio import Redis
from redis.crc import key_slot

from events.log import (
    START,
    Committed,
    Entry,
    FormatMismatch,
    Head,
    Reply,
)
from events.log.redis import RedisEventLog
from events.streams import Streams
from tests.support.clients import client_of
from tests.support.commits import NOON_MS, following, full
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

P = 3


@pytest.fixture
def log(redis: Redis, streams: Streams) -> RedisEventLog:
    return RedisEventLog(redis, streams)


async def test_a_log_opened_with_another_number_of_partitions_says_what_to_do(
    redis: Redis, log: RedisEventLog, streams: Streams
) -> None:
    await log.create()

    with pytest.raises(FormatMismatch) as refused:
        await RedisEventLog(redis, structs.replace(streams, partitions=9)).create()
    assert str(refused.value) == (
        f"the log under '{streams.prefix}' has 8 partitions and was opened with 9: "
        "set the number to 8, or use another prefix"
    )


async def test_a_log_of_a_later_format_is_not_opened(
    raw: Any, log: RedisEventLog, streams: Streams
) -> None:
    await raw.hset(streams.format, mapping={"partitions": 8, "version": 2})

    with pytest.raises(FormatMismatch) as refused:
        await log.create()
    assert str(refused.value) == (
        f"the log under '{streams.prefix}' has format 2 and this version reads format 1: "
        "start the version that wrote it, or use another prefix"
    )


async def test_a_position_takes_a_handful_of_probes(redis_server: RedisServer) -> None:
    async with client_of(redis_server.url) as raw:
        log = RedisEventLog(raw, Streams())
        for number in range(0, 2_000, 2):
            time_ms = NOON_MS + 40_000 * number + number**2 % 30_011
            bodies = (b"%d" % number, b"%d" % (number + 1))
            await log.commit(P, following(await log.head(P), *bodies, time_ms=time_ms))
        await raw.config_resetstat()
        for position in range(1, 2_001, 20):
            found = await log.position(P, position)
            assert found is not None
            assert found.body == b"%d" % (position - 1)
        reads = (await raw.info("commandstats"))["cmdstat_xrange"]["calls"]

        assert reads / 100 < 12, "probes for each position, over a day of decisions"


async def test_a_position_in_a_burst_long_ago_takes_few_probes_too(
    redis_server: RedisServer,
) -> None:
    async with client_of(redis_server.url) as raw:
        log = RedisEventLog(raw, Streams())
        year_ms = 365 * 86_400_000
        for number in [*range(300), year_ms]:
            commit = following(await log.head(P), b"%d" % number, time_ms=NOON_MS + number)
            await log.commit(P, commit)
        await raw.config_resetstat()
        for position in range(250, 300):
            found = await log.position(P, position)
            assert found is not None
            assert found.body == b"%d" % (position - 1)
        reads = (await raw.info("commandstats"))["cmdstat_xrange"]["calls"]

        assert reads / 50 < 2 * year_ms.bit_length()


async def test_reply_streams_are_bounded_and_go_away(
    log: RedisEventLog, raw: Any, streams: Streams
) -> None:
    for _ in range(3):
        replies = [Reply(to="me", proposal_id="p", body=b"r")] * 5_000
        await log.commit(P, following(await log.head(P), replies=replies))

    assert 10_000 <= await raw.xlen(streams.replies(P, "me")) < 10_200
    assert 590 < await raw.ttl(streams.replies(P, "me")) <= 600


async def test_what_is_stored_can_be_read_with_redis_cli(
    log: RedisEventLog, raw: Any, streams: Streams
) -> None:
    commit = full(Head(), b'{"type":"decision.v1"}')
    await log.commit(P, commit)
    entry: Entry = commit.entries[0]

    assert await raw.xrange(streams.transitions(P)) == [
        (
            f"{NOON_MS}-1".encode(),
            {
                b"decision": b'{"type":"decision.v1"}',
                b"proposal_id": b'proposal-{"type":"decision.v1"}',
                b"previous": b"0" * 64,
                b"hash": entry.hash.encode(),
            },
        )
    ]
    assert await raw.hgetall(streams.head(P)) == {
        b"offset": b"1-0", b"entry_id": f"{NOON_MS}-1".encode(), b"hash": entry.hash.encode(),
    }  # fmt: skip
    assert [fields for _, fields in await raw.xrange(streams.dead_letters(P))] == [
        {b"offset": b"1-0", b"proposal": b"?", b"reason": b"no", b"field": b""}
    ]


def test_the_keys_of_a_partition_share_a_slot_of_a_cluster() -> None:
    streams = Streams()
    named = (
        streams.proposals, streams.transitions, streams.dead_letters, streams.snapshots,
        streams.head, streams.lease,
    )  # fmt: skip
    for partition in streams.every():
        keys = [key(partition) for key in named] + [streams.replies(partition, "{0}me")]
        assert len({key_slot(key.encode()) for key in keys}) == 1


@pytest.mark.parametrize("settings", [{"socket_timeout": 0.5}, {"socket_timeout": None}])
async def test_waiting_for_entries_is_not_taken_for_a_failure(
    redis_url: str, streams: Streams, settings: dict[str, Any]
) -> None:
    async with client_of(redis_url, **settings) as raw:
        log = RedisEventLog(raw, streams)
        following_it = aiter(log.tail({P: START}))
        with anyio.move_on_after(1.0) as waited:
            await anext(following_it)
        assert waited.cancelled_caught


async def test_both_protocols_are_read(redis_url: str, streams: Streams) -> None:
    commits = [following(Head(), b"1", b"2"), following(Head(), b"3")]
    for protocol in (2, 3):
        async with client_of(redis_url, protocol=protocol) as raw:
            log = RedisEventLog(raw, streams)
            for partition, commit in enumerate(commits):
                assert await log.commit(partition, commit) == Committed()
                assert await log.head(partition) == commit.head
            seen: dict[int, list[Entry]] = {}

            async def follow(log: RedisEventLog = log, seen: dict[int, list[Entry]] = seen) -> None:
                async for found in log.tail({0: START, 1: START}):
                    seen.update(found)

            async with anyio.create_task_group() as followers:
                followers.start_soon(follow)
                await wait_until(lambda seen=seen: len(seen) == 2)
                followers.cancel_scope.cancel()
            assert seen == {0: commits[0].entries, 1: commits[1].entries}
