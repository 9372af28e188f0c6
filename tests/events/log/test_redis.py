"""What the log on Redis promises besides the contract: faults, keys, and what others can do to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from msgspec import structs
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.cluster import key_slot  # pyright: ignore[reportUnknownVariableType]
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import ReadOnlyError, ResponseError

from events.log import (
    START,
    Committed,
    CorruptLog,
    DeadLetter,
    Entry,
    FormatMismatch,
    Head,
    Reply,
)
from events.log.chain import broken_at
from events.log.redis import RedisEventLog
from events.streams import Streams
from tests.support.commits import NOON_MS, following
from tests.support.proxy import proxied
from tests.support.servers import RedisServer
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

P = 3


@pytest.fixture
def log(redis: Redis, streams: Streams) -> RedisEventLog:
    return RedisEventLog(redis, streams)


@pytest.fixture
def raw(redis: Redis) -> Any:
    """The client of the test, for commands whose answers redis-py does not type."""
    return redis


@asynccontextmanager
async def client_of(url: str, **settings: Any) -> AsyncIterator[Any]:
    client: Any = Redis.from_url(url, **settings)  # pyright: ignore[reportUnknownMemberType]
    async with client:
        yield client


async def everything(raw: Any, streams: Streams) -> dict[bytes, bytes]:
    """All keys of the log with their contents, as Redis dumps them."""
    keys = [key async for key in raw.scan_iter(f"{streams.prefix}:*")]
    return {key: await raw.dump(key) for key in sorted(keys)}


def full(head: Head, *bodies: bytes) -> Any:
    """A commit that writes every kind of key."""
    return following(
        head,
        *bodies,
        snapshots={"flow:1": b"snapshot"},
        replies=[Reply(to="me", proposal_id="p", body=b"reply")],
        dead_letters=[DeadLetter(offset="1-0", body=b"?", reason="no")],
    )


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

        assert (proxy.lost, proxy.connections) == (0, 3)
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
        with pytest.raises(ResponseError, match="command not allowed when used memory"):
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
            try:
                assert await log.commit(P, commit) == Committed()
                break
            except ResponseError as error:
                assert "command not allowed when used memory" in str(error)
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

    with pytest.raises(CorruptLog, match="partition 3: .*WRONGTYPE"):
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
                async for partition, entries in log.tail({0: START, 1: START}):
                    seen[partition] = entries

            async with anyio.create_task_group() as followers:
                followers.start_soon(follow)
                await wait_until(lambda seen=seen: len(seen) == 2)
                followers.cancel_scope.cancel()
            assert seen == {0: commits[0].entries, 1: commits[1].entries}
