"""A line keeps one connection, answers in order, and connects anew after a failure."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from events.log.line import Line, rows_of

pytestmark = pytest.mark.anyio


@pytest.fixture
async def line(redis: Any) -> AsyncGenerator[Line]:
    line = Line(redis, 2.0)
    yield line
    await line.close()


async def connections(line: Line) -> int:
    (listed,) = await line.ask([("CLIENT", "LIST", "TYPE", "NORMAL")])
    return len(listed.splitlines())


async def test_every_command_has_its_answer_in_order(line: Line, redis: Any) -> None:
    key = "test:line:order"
    answers = await line.ask([("SET", key, 1), ("INCR", key), ("DEL", key)])
    assert answers == [b"OK", 2, 1]


async def test_a_refused_command_spoils_no_other(line: Line) -> None:
    first, refused, last = await line.ask([("ECHO", "a"), ("NO-SUCH-COMMAND",), ("ECHO", "b")])
    assert (first, last) == (b"a", b"b")
    assert isinstance(refused, ResponseError)
    with pytest.raises(ResponseError, match="unknown command"):
        rows_of(refused)


async def test_calls_share_one_connection(line: Line) -> None:
    before = await connections(line)
    said = await asyncio.gather(*(line.ask([("ECHO", str(each))]) for each in range(20)))
    assert [one for (one,) in said] == [str(each).encode() for each in range(20)]
    assert await connections(line) == before


async def test_a_call_that_takes_too_long_fails_and_its_answer_is_nobody_elses(
    redis: Any,
) -> None:
    hasty = Line(redis, 0.05)
    with pytest.raises(TimeoutError):
        await hasty.ask([("BLPOP", "test:line:nothing", 1)])  # answered after the line gave up
    assert await hasty.ask([("ECHO", "after")]) == [b"after"]
    await hasty.close()


async def test_a_call_that_was_cancelled_leaves_no_answer_behind(line: Line) -> None:
    waiting = asyncio.create_task(line.ask([("BLPOP", "test:line:nothing", 1)]))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await line.ask([("ECHO", "after")]) == [b"after"]


@pytest.mark.parametrize("protocol", [2, 3])
async def test_entries_read_the_same_in_both_protocols(redis_url: str, protocol: int) -> None:
    redis = Redis.from_url(redis_url, protocol=protocol)  # pyright: ignore[reportUnknownMemberType]
    line = Line(redis, 2.0)
    key = f"test:line:stream:{protocol}"
    read = ("XREAD", "COUNT", 10, "STREAMS", key, "0")
    nothing, first, second, answer = await line.ask(
        [read, ("XADD", key, "1-1", "a", "b"), ("XADD", key, "1-2", "c", "d", "e", "f"), read]
    )
    assert (rows_of(nothing), first, second) == ([], b"1-1", b"1-2")
    rows = [(b"1-1", {b"a": b"b"}), (b"1-2", {b"c": b"d", b"e": b"f"})]
    assert rows_of(answer) == [(key.encode(), rows)]
    await line.ask([("DEL", key)])
    await line.close()
    await redis.aclose()
