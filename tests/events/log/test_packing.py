"""Commands packed by hiredis are those that were given, and lost connections are told of."""

import asyncio

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Disconnected

from events.log.line import Line
from events.log.packing import Pieces, packed, packing

pytestmark = pytest.mark.anyio


async def test_what_is_sent_is_what_was_given(redis_url: str) -> None:
    async with packing(Redis.from_url(redis_url)) as redis:  # pyright: ignore[reportUnknownMemberType]
        await redis.set("test-packing", "grüße\x00", px=10_000)

        assert await redis.get("test-packing") == "grüße\x00".encode()


async def test_a_name_of_two_words_is_sent_as_two(redis_url: str) -> None:
    async with packing(Redis.from_url(redis_url)) as redis:  # pyright: ignore[reportUnknownMemberType]
        await redis.xadd("test-packing-stream", {"field": "value"})
        about = await redis.xinfo_stream("test-packing-stream")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        await redis.delete("test-packing-stream")

        assert about["length"] == 1


async def test_a_pipeline_keeps_its_order(redis_url: str) -> None:
    async with packing(Redis.from_url(redis_url)) as redis:  # pyright: ignore[reportUnknownMemberType]
        pipeline = redis.pipeline(transaction=True)
        pipeline.set("test-packing", 1, px=10_000)
        pipeline.incrby("test-packing", 2)
        pipeline.get("test-packing")

        assert (await pipeline.execute())[1:] == [3, b"3"]


def test_a_connection_that_closes_under_uvloop_is_lost_and_the_next_call_has_another(
    redis_url: str,
) -> None:
    async def main() -> None:
        async with packing(Redis.from_url(redis_url)) as redis:  # pyright: ignore[reportUnknownMemberType]
            line = Line(redis, 5)
            assert await line.ask([("ECHO", "before")]) == [b"before"]
            line._connection._writer.transport.abort()  # pyright: ignore[reportPrivateUsage]
            await asyncio.sleep(0.01)
            with pytest.raises(Disconnected):
                await line.ask([("ECHO", "lost")])
            assert await line.ask([("ECHO", "after")]) == [b"after"]
            await line.close()

    uvloop.run(main())


@pytest.mark.parametrize("pieces", [[b"a", b"", b"\r\nb"], [b"alone"], []])
def test_pieces_are_sent_end_to_end(pieces: list[bytes]) -> None:
    assert packed(("SET", "key", Pieces(pieces))) == packed(("SET", "key", b"".join(pieces)))
