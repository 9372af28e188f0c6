"""Commands packed by hiredis are the commands that were given."""

import pytest
from redis.asyncio import Redis

from events.log.packing import packing

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
