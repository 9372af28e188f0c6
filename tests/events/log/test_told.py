"""What is told is kept in order, as long as is said."""

from typing import Any

import pytest
from redis.asyncio import Redis

from events.log import START
from events.log.told import GROUP_MAX, Told
from events.streams import Streams

HOUR_MS = 3_600_000


@pytest.fixture
def told(redis: Redis, streams: Streams) -> Told:
    """Where events are told, for an hour."""
    return Told(redis, streams, HOUR_MS)


async def bodies(told: Told) -> list[bytes]:
    return [body for _, body in await told.read(START, 10_000)]


@pytest.mark.anyio
async def test_events_are_read_in_the_order_in_which_they_were_told(told: Told) -> None:
    last = await told.tell([b"1", b"2"])
    assert await told.tell([]) == START
    assert await bodies(told) == [b"1", b"2"]
    after = await told.tell([b"3"])
    assert await told.read(last, 10) == [(after, b"3")]


@pytest.mark.anyio
async def test_many_events_are_told_in_groups(told: Told) -> None:
    many = [str(n).encode() for n in range(2 * GROUP_MAX + 1)]
    last = await told.tell(many)
    assert await bodies(told) == many
    assert (await told.read(START, 10_000))[-1][0] == last


@pytest.mark.anyio
async def test_what_is_too_old_is_dropped_as_more_is_told(
    redis: Any, streams: Streams, told: Told
) -> None:
    for n in range(300):
        await redis.xadd(streams.told, {"event": b"old"}, id=f"{n + 1}-0")
    await told.tell([b"new"])
    # a stream is trimmed by whole nodes of some hundred entries
    assert len(await bodies(told)) < 201
    assert (await bodies(told))[-1] == b"new"


@pytest.mark.anyio
async def test_what_was_told_between_two_places_is_read_page_by_page(told: Told) -> None:
    assert await told.end() == START
    first = await told.tell([b"1"])
    last = await told.tell([b"2", b"3", b"4"])
    assert await told.end() == last
    await told.tell([b"5"])
    page = await told.between(first, last, 2)
    assert [body for _, body in page] == [b"2", b"3"]
    assert await told.between(page[-1][0], last, 2) == [(last, b"4")]
    assert await told.between(last, last, 2) == []
