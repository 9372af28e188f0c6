"""What runs together ends together."""

import asyncio

import pytest

from services.patience import together


@pytest.mark.anyio
async def test_what_one_raises_ends_the_others_and_is_raised() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("waits")

    async def breaks() -> None:
        await asyncio.sleep(0)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await together(waits(), breaks())
    assert ended == ["waits"]


@pytest.mark.anyio
async def test_who_is_cancelled_cancels_all() -> None:
    ended: list[int] = []

    async def waits(which: int) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(which)

    task = asyncio.create_task(together(waits(1), waits(2)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [1, 2]
