"""What every log promises those who read: each test runs in memory and on Redis."""

import anyio
import pytest

from events.log import (
    GENESIS,
    START,
    Entry,
    EventLog,
    Head,
)
from events.log.chain import broken_at
from tests.support.commits import NOON_MS, appended, following
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

P = 3


async def test_an_id_is_the_time_and_a_position_without_gaps(log: EventLog) -> None:
    await appended(log, P, b"1", b"2", time_ms=NOON_MS)
    await appended(log, P, b"3", time_ms=NOON_MS)
    await appended(log, P, b"4", b"5", time_ms=NOON_MS + 7)

    assert [entry.entry_id for entry in await log.entries(P)] == [
        f"{NOON_MS}-1", f"{NOON_MS}-2", f"{NOON_MS}-3", f"{NOON_MS + 7}-4", f"{NOON_MS + 7}-5",
    ]  # fmt: skip


async def test_the_chain_holds_from_the_first_entry_on(log: EventLog) -> None:
    for number in range(5):
        await appended(log, P, b"%d" % number, b"%d more" % number, time_ms=NOON_MS + number)
    entries = await log.entries(P)

    assert entries[0].previous == GENESIS
    assert broken_at(Head(), entries) is None
    assert (await log.head(P)).hash == entries[-1].hash


async def test_entries_are_read_from_an_id_on_and_no_more_than_the_limit(log: EventLog) -> None:
    made = await appended(log, P, b"1", b"2", b"3", b"4")

    assert await log.entries(P, limit=2) == made[:2]
    assert await log.entries(P, made[1].entry_id, limit=1) == [made[2]]
    assert await log.entries(P, made[1].entry_id) == made[2:]
    assert await log.entries(P, made[3].entry_id) == []


async def test_an_entry_is_found_by_its_id_and_by_no_other(log: EventLog) -> None:
    first, second = await appended(log, P, b"1", b"2")

    assert await log.entry(P, first.entry_id) == first
    assert await log.entry(P, second.entry_id) == second
    assert await log.entry(P, f"{NOON_MS + 1}-2") is None
    assert await log.entry(P, f"{NOON_MS}-3") is None


@pytest.mark.parametrize(
    "times",
    [
        [0] * 40,
        list(range(40)),
        [0] * 20 + [10**9] * 20,
        [0, *range(10**9, 10**9 + 38), 10**12],
        [2**n for n in range(40)],
        [10**10 - 2 ** (40 - n) // 128 for n in range(40)],
    ],
    ids=["one instant", "even", "two bursts", "a burst between", "slowing", "quickening"],
)
async def test_every_entry_is_found_by_its_position(log: EventLog, times: list[int]) -> None:
    for time_ms in times:
        await appended(log, P, b"%d" % time_ms, time_ms=NOON_MS + time_ms)
    entries = await log.entries(P)

    assert [await log.position(P, place + 1) for place in range(40)] == entries
    assert await log.position(P, 0) is None
    assert await log.position(P, 41) is None


async def test_reading_since_a_time_includes_that_millisecond(log: EventLog) -> None:
    early = await appended(log, P, b"1", b"2", time_ms=NOON_MS)
    late = await appended(log, P, b"3", b"4", time_ms=NOON_MS + 10)

    assert await log.since(P, 0) == early + late
    assert await log.since(P, NOON_MS) == early + late
    assert await log.since(P, NOON_MS + 1) == late
    assert await log.since(P, NOON_MS + 10, limit=1) == late[:1]
    assert await log.since(P, NOON_MS + 11) == []


async def test_what_was_relayed_is_remembered_beside_the_head(log: EventLog) -> None:
    await log.set_relayed(P, f"{NOON_MS}-1")

    assert await log.relayed(P) == f"{NOON_MS}-1"
    assert await log.head(P) == Head()
    await appended(log, P, b"1")
    assert await log.relayed(P) == f"{NOON_MS}-1"


async def test_tail_gives_what_is_there_and_then_what_comes(log: EventLog) -> None:
    made = await appended(log, P, b"1", b"2", b"3")
    seen: list[Entry] = []

    async def follow() -> None:
        async for ((partition, entries),) in log.tail({P: made[0].entry_id}):
            assert partition == P
            seen.extend(entries)

    async with anyio.create_task_group() as followers:
        followers.start_soon(follow)
        await wait_until(lambda: seen == made[1:])
        made += await appended(log, P, b"4")
        await wait_until(lambda: seen == made[1:])
        made += await appended(log, P, b"5", b"6")
        await wait_until(lambda: seen == made[1:])
        followers.cancel_scope.cancel()


async def test_tail_follows_many_partitions_each_from_its_place(log: EventLog) -> None:
    made = await appended(log, P, b"1", b"2")
    seen: dict[int, list[bytes]] = {P: [], 0: [], log.streams.control: []}

    async def follow() -> None:
        after = {P: made[0].entry_id, 0: START, log.streams.control: START}
        async for found in log.tail(after, limit=1):
            for partition, entries in found:
                assert len(entries) == 1
                seen[partition].append(entries[0].body)

    async with anyio.create_task_group() as followers:
        followers.start_soon(follow)
        await log.commit(0, following(Head(), b"a", b"b"))
        await log.commit(1, following(Head(), b"not followed"))
        await log.commit(log.streams.control, following(Head(), b"c"))
        await wait_until(lambda: seen == {P: [b"2"], 0: [b"a", b"b"], log.streams.control: [b"c"]})
        followers.cancel_scope.cancel()


async def test_tail_gives_at_once_what_one_read_finds_in_all_partitions(log: EventLog) -> None:
    made = {each: await appended(log, each, b"%d" % each) for each in (P, 0, log.streams.control)}

    async for found in log.tail(dict.fromkeys([*made, 1], START)):
        assert dict(found) == made
        return
