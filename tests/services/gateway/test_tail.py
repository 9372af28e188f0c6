"""The tail is read by one for many, and whoever was offered something may send it in between."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import cast

import pytest

from events.log import GENESIS, Entry, EventLog, Found, Head
from events.streams import Streams
from services.gateway.event_stream.tail import Decided, Tail


class Burst:
    """A log in which much happens at once, and then nothing more."""

    def __init__(self, count: int) -> None:
        self.streams = Streams()
        self.count = count

    async def head(self, _: int) -> Head:
        return Head()

    async def tail(self, _: Mapping[int, str]) -> AsyncIterator[Found]:
        yield [(0, [_entry(position) for position in range(1, self.count + 1)])]
        await asyncio.Event().wait()


def _entry(position: int) -> Entry:
    return Entry(
        entry_id=f"1-{position}", proposal_id="p", body=b"{}", previous=GENESIS, hash=GENESIS
    )


@pytest.mark.anyio
async def test_others_have_a_turn_between_the_entries_of_a_burst() -> None:
    log, heard = Burst(50), list[str]()
    tail = Tail(Decided(cast(EventLog, log)), (OSError,))

    async def hear(_: int, entry: Entry) -> None:
        heard.append(entry.entry_id)

    async def seen() -> set[int]:
        counts = set[int]()
        while len(heard) < log.count:
            counts.add(len(heard))
            await asyncio.sleep(0)
        return counts

    await tail.listen(hear)
    turns = await asyncio.wait_for(seen(), 5)
    assert len(turns) > log.count / 2
    assert heard == [f"1-{position}" for position in range(1, log.count + 1)]
    await tail.leave(hear)


@pytest.mark.anyio
async def test_an_entry_that_cannot_be_read_does_not_silence_those_after_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tail, heard = Tail(Decided(cast(EventLog, Burst(3))), (OSError,)), asyncio.Queue[str]()

    async def hear(_: int, entry: Entry) -> None:
        if entry.entry_id == "1-2":
            raise ValueError("what a newer version wrote")
        heard.put_nowait(entry.entry_id)

    await tail.listen(hear)
    assert [await asyncio.wait_for(heard.get(), 5) for _ in range(2)] == ["1-1", "1-3"]
    assert "entry 1-2 of stream 0 is passed over" in caplog.text
    await tail.leave(hear)
