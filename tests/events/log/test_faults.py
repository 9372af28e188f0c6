"""Whatever happens to Redis or is done to its keys, a commit stands as a whole or not at all."""

from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import OutOfMemoryError, ReadOnlyError

from events.log import (
    START,
    Committed,
    CorruptLog,
    Head,
    Reply,
)
from events.log.chain import broken_at
from events.log.redis import RedisEventLog
from events.streams import Streams
from tests.support.clients import client_of, everything
from tests.support.commits import NOON_MS, following, full
from tests.support.proxy import proxied
from tests.support.servers import RedisServer

pytestmark = pytest.mark.anyio

P = 3


@pytest.fixture
def log(redis: Redis, streams: Streams) -> RedisEventLog:
    return RedisEventLog(redis, streams)


async def test_a_killed_redis_has_kept_everything_it_said_was_committed(
    redis_server: RedisServer,
) -> None:
    streams = Streams()
    async with client_of(redis_server.url) as raw:
        log = RedisEventLog(raw, streams)
        await log.create()
        for number in range(20):
            assert await log.commit(P, full(await log.head(P), b"%d" % number)) == Committed()
        await log.set_relayed(P, f"{NOON_MS}-20")
        before, head = await log.entries(P), await log.head(P)

        redis_server.restart()

        with pytest.raises(Disconnected):
            await log.head(P)
        assert await log.head(P) == head
        assert await log.entries(P) == before
        assert len(before) == 20
        assert broken_at(Head(), before) is None
        assert await log.snapshots(P, ["flow:1"]) == [b"snapshot"]
        assert len(await log.dead_letters(P)) == 20
        assert await log.relayed(P) == f"{NOON_MS}-20"
        assert await raw.xlen(streams.replies(P, "me")) == 20
        await log.create()
        with pytest.raises(Disconnected):
            await log.commit(P, full(head, b"on"))
        assert await log.commit(P, full(head, b"on")) == Committed(), "the script came again"


async def test_a_commit_whose_answer_was_lost_stands_once_and_is_not_a_conflict(
    redis_server: RedisServer,
) -> None:
    async with (
        proxied(redis_server.port) as proxy,
        client_of(proxy.url, retry=Retry(NoBackoff(), 3)) as raw,
    ):
        log = RedisEventLog(raw, Streams())
        assert await log.commit(P, full(Head(), b"1")) == Committed()
        commit = full(await log.head(P), b"2")

        proxy.lost = 2
        assert await log.commit(P, commit) == Committed()

        assert (proxy.lost, proxy.connections) == (0, 4), "three to commit, one to read"
        assert [entry.body for entry in await log.entries(P)] == [b"1", b"2"]
        assert len(await log.dead_letters(P)) == 2
        assert await raw.xlen(Streams().replies(P, "me")) == 2


async def test_a_commit_whose_answer_was_lost_can_be_given_again_by_hand(
    redis_server: RedisServer,
) -> None:
    async with proxied(redis_server.port) as proxy, client_of(proxy.url) as raw:
        log = RedisEventLog(raw, Streams())
        await log.commit(P, full(Head(), b"1"))
        commit = full(await log.head(P), b"2")

        proxy.lost = 1
        with pytest.raises(Disconnected):
            await log.commit(P, commit)

        assert await log.head(P) == commit.head
        assert await log.commit(P, commit) == Committed()
        assert len(await log.entries(P)) == 2


async def test_a_forgotten_script_is_brought_again(log: RedisEventLog, raw: Any) -> None:
    for number in range(3):
        await raw.script_flush()
        commit = following(await log.head(P), b"%d" % number)
        assert await log.commit(P, commit) == Committed()


async def test_a_full_redis_takes_nothing_of_a_commit(redis_server: RedisServer) -> None:
    async with client_of(redis_server.url) as raw:
        log = RedisEventLog(raw, Streams())
        await log.commit(P, full(Head(), b"1"))
        before = await everything(raw, Streams())
        commit = full(await log.head(P), b"2")

        await raw.config_set("maxmemory", 1)
        with pytest.raises(OutOfMemoryError):
            await log.commit(P, commit)
        assert await everything(raw, Streams()) == before

        await raw.config_set("maxmemory", 0)
        assert await log.commit(P, commit) == Committed()


async def test_a_redis_that_fills_up_half_way_takes_all_of_a_commit(
    redis_server: RedisServer,
) -> None:
    async with client_of(redis_server.url) as raw:
        log = RedisEventLog(raw, Streams())
        await log.commit(P, full(Head(), b"1"))
        commit = full(await log.head(P), *(b"%d" % number * 1_000 for number in range(300)))
        used: int = (await raw.info("memory"))["used_memory"]

        # steps smaller than what is stored: at the first that lets the commit in, it fills up
        refused = 0
        for limit in range(used, used + 20_000_000, 400_000):
            await raw.config_set("maxmemory", limit)
            with suppress(OutOfMemoryError):
                assert await log.commit(P, commit) == Committed()
                break
            assert await log.head(P) == commit.expected
            assert len(await log.entries(P)) == 1
            refused += 1
        assert refused
        assert await log.head(P) == commit.head
        assert len(await log.entries(P)) == 301


async def test_a_replica_takes_nothing_of_a_commit(redis_server: RedisServer) -> None:
    async with client_of(redis_server.url) as raw:
        log = RedisEventLog(raw, Streams())
        await log.commit(P, full(Head(), b"1"))
        before = await everything(raw, Streams())
        commit = full(await log.head(P), b"2")

        await raw.config_set("replica-serve-stale-data", "yes")
        await raw.replicaof("127.0.0.1", "1")
        with pytest.raises(ReadOnlyError):
            await log.commit(P, commit)
        assert await everything(raw, Streams()) == before

        await raw.replicaof("NO", "ONE")
        assert await log.commit(P, commit) == Committed()


@pytest.mark.parametrize("name", ["head", "transitions", "snapshots", "dead_letters"])
async def test_a_key_of_another_kind_is_corruption_and_nothing_is_written(
    log: RedisEventLog, raw: Any, streams: Streams, name: str
) -> None:
    await raw.set(getattr(streams, name)(P), "somebody else's")
    before = await everything(raw, streams)

    with pytest.raises(CorruptLog, match=r"partition 3: .*WRONGTYPE"):
        await log.commit(P, full(Head(), b"1"))
    assert await everything(raw, streams) == before


@pytest.mark.parametrize("what", ["gone", "longer"])
async def test_transitions_that_do_not_end_where_the_head_says_are_corruption(
    log: RedisEventLog, raw: Any, streams: Streams, what: str
) -> None:
    await log.commit(P, full(Head(), b"1", b"2"))
    commit = full(await log.head(P), b"3")
    if what == "gone":
        await raw.delete(streams.transitions(P))
    else:
        await raw.xadd(streams.transitions(P), {"decision": "forged"}, id=f"{NOON_MS}-3")
    before = await everything(raw, streams)
    end = {"gone": START, "longer": f"{NOON_MS}-3"}[what]

    said = f"partition 3: CORRUPT head is at {NOON_MS}-2, transitions end at {end}$"
    with pytest.raises(CorruptLog, match=said):
        await log.commit(P, commit)
    assert await everything(raw, streams) == before


async def test_transitions_without_a_head_are_corruption(
    log: RedisEventLog, raw: Any, streams: Streams
) -> None:
    await log.commit(P, full(Head(), b"1"))
    await raw.delete(streams.head(P))

    with pytest.raises(CorruptLog, match=f"head is at 0-0, transitions end at {NOON_MS}-1"):
        await log.commit(P, full(Head(), b"1"))


async def test_a_trimmed_log_goes_on(log: RedisEventLog, raw: Any, streams: Streams) -> None:
    await log.commit(P, following(Head(), *(b"%d" % number for number in range(10))))
    kept = (await log.entries(P))[6:]
    await raw.xtrim(streams.transitions(P), maxlen=4, approximate=False)

    assert await log.entries(P) == kept
    assert await log.position(P, 6) is None
    assert await log.position(P, 7) == kept[0]

    await raw.xtrim(streams.transitions(P), maxlen=0, approximate=False)
    assert await log.position(P, 10) is None
    assert await log.commit(P, following(await log.head(P), b"on")) == Committed()


async def test_a_position_before_a_trimmed_log_is_not_there_however_long_the_log_is(
    log: RedisEventLog, raw: Any, streams: Streams
) -> None:
    for number in range(6):
        commit = following(await log.head(P), b"%d" % number, time_ms=1 + 10**12 * (number // 4))
        await log.commit(P, commit)
    await raw.xtrim(streams.transitions(P), maxlen=3, approximate=False)

    assert [await log.position(P, number) for number in (0, 1, 2, 3)] == [None] * 4
    assert await log.position(P, 4) == (await log.entries(P))[0]


async def test_a_hole_is_not_taken_for_an_entry(
    log: RedisEventLog, raw: Any, streams: Streams
) -> None:
    for number in range(1, 10):
        commit = following(await log.head(P), b"%d" % number, time_ms=NOON_MS + number)
        await log.commit(P, commit)
    for number in (5, 9):
        await raw.xdel(streams.transitions(P), f"{NOON_MS + number}-{number}")
    found = [await log.position(P, number) for number in range(1, 10)]

    assert [entry and entry.body for entry in found] == [
        b"1", b"2", b"3", b"4", None, b"6", b"7", b"8", None,
    ]  # fmt: skip


async def test_a_reply_stream_that_is_unusable_harms_nobody(
    log: RedisEventLog, raw: Any, streams: Streams
) -> None:
    await raw.set(streams.replies(P, "mischief"), "not a stream")
    replies = [
        Reply(to="mischief", proposal_id="p1", body=b"1"),
        Reply(to="me", proposal_id="p2", body=b"2"),
    ]

    commit = following(Head(), b"1", b"2", replies=replies)
    assert await log.commit(P, commit) == Committed()
    assert [f[b"reply"] for _, f in await raw.xrange(streams.replies(P, "me"))] == [b"2"]
