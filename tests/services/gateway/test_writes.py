"""A list waits until the views have reached what was written, and no longer than it may."""

import asyncio
from typing import Any, cast

import pytest

from events.log import EventLog, Head
from events.log.memory import MemoryEventLog
from events.streams import Streams
from services.gateway.views import Views
from services.gateway.writes import OwnWrites
from tests.support.waiting import wait_until


class Followers:
    """Views that reach what the test says, and count how often they are asked."""

    def __init__(self) -> None:
        self.reached = {0: 0, 1: 0}
        self.asked = 0

    async def positions(self) -> dict[int, int]:
        self.asked += 1
        return dict(self.reached)


class Broken:
    """Views that cannot say."""

    async def positions(self) -> dict[int, int]:
        raise OSError("no database")


class Answering:
    """A log that has answered what was proposed up to an offset."""

    def __init__(self, offset: str) -> None:
        self.offset = offset

    async def head(self, _: int) -> Head:
        return Head(offset=self.offset)


def _writes(views: Any, wait_s: float = 5.0) -> OwnWrites:
    return OwnWrites(cast(Views, views), MemoryEventLog(Streams()), wait_s)


@pytest.mark.anyio
async def test_nothing_written_is_not_waited_for() -> None:
    views = Followers()
    await _writes(views).are_visible()
    assert views.asked == 0


@pytest.mark.anyio
async def test_a_list_waits_until_the_views_have_reached_every_partition() -> None:
    views = Followers()
    writes = _writes(views)
    writes.decided(0, "1-3")
    writes.decided(1, "1-2")
    waiting = asyncio.create_task(writes.are_visible())
    await wait_until(lambda: views.asked >= 2)
    views.reached = {0: 3, 1: 1}
    asked = views.asked
    await wait_until(lambda: views.asked > asked + 1)
    assert not waiting.done()
    views.reached = {0: 3, 1: 2}
    await asyncio.wait_for(waiting, 5)


@pytest.mark.anyio
async def test_many_lists_share_one_poller() -> None:
    views = Followers()
    writes = _writes(views)
    writes.decided(0, "1-1")
    waiting = [asyncio.create_task(writes.are_visible()) for _ in range(100)]
    await wait_until(lambda: views.asked >= 3)
    views.reached = {0: 1}
    await asyncio.gather(*waiting)
    assert views.asked < 50


@pytest.mark.anyio
async def test_a_list_is_answered_when_its_time_is_over() -> None:
    writes = _writes(Followers(), wait_s=0.02)
    writes.decided(0, "1-1")
    await asyncio.wait_for(writes.are_visible(), 5)
    await writes.stop()


@pytest.mark.anyio
async def test_what_is_sent_and_not_decided_is_waited_for() -> None:
    writes = _writes(Followers(), wait_s=0.02)
    writes.sent(0, "1-1")
    waiting = asyncio.create_task(writes.are_visible())
    await asyncio.sleep(0)
    assert not waiting.done()
    await waiting
    await asyncio.wait_for(writes.are_decided(), 5)
    await writes.stop()


@pytest.mark.anyio
async def test_views_that_cannot_be_asked_are_an_error_for_whoever_waits() -> None:
    writes = _writes(Broken())
    writes.decided(0, "1-1")
    with pytest.raises(OSError, match="no database"):
        await writes.are_visible()


@pytest.mark.anyio
async def test_a_list_that_comes_when_the_poller_has_just_ended_is_answered() -> None:
    views = Followers()
    writes = _writes(views)
    for position in (1, 2, 3):
        writes.decided(0, f"1-{position}")
        views.reached = {0: position}
        await writes.are_visible()
    assert views.asked == 3


@pytest.mark.anyio
async def test_what_was_sent_last_is_waited_for_though_it_is_known_first() -> None:
    views, log = Followers(), Answering("5-0")
    writes = OwnWrites(cast(Views, views), cast(EventLog, log), 5.0)
    writes.sent(0, "5-1")
    writes.sent(0, "5-0")
    waiting = asyncio.create_task(writes.are_visible())
    await wait_until(lambda: views.asked >= 3, seconds=2)
    assert not waiting.done()
    log.offset = "5-1"
    await asyncio.wait_for(waiting, 5)
