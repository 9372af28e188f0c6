"""An errand that becomes due while it is run is run again; one that takes its time is not."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from events.instants import millis_of
from events.log import START
from events.streams import Streams
from headgate.clock import new_id
from services.patience import end
from services.timers.errands import ASIDE_MS, Errands, Group
from services.timers.sets import TimerSets
from services.timers.timer import Planning
from tests.support.timing import Hand
from tests.support.waiting import wait_until

pytestmark = pytest.mark.anyio

NEVER_MS = 2**53

ERRAND = Planning(new_id())


class Slow:
    """What an errand leads to, which goes on as long as a test wants it to."""

    def __init__(self) -> None:
        self.begun = 0
        self.again: list[int | None] = []
        self.fails = False
        self._ends: asyncio.Queue[int | None] = asyncio.Queue()

    async def __call__(self, group: Group[Planning]) -> list[int | None]:
        """Wait until a test ends it."""
        self.begun += 1
        again = await self._ends.get()
        if self.fails:
            raise ConnectionError("somewhere")
        return [again for _ in group]

    def end(self, again: int | None = None) -> None:
        self._ends.put_nowait(again)


class Round:
    """Errands of one process, and the log that makes them due."""

    def __init__(self, redis: Redis, streams: Streams, hand: Hand) -> None:
        self.do = Slow()
        self.hand = hand
        self.sets = TimerSets(redis, streams)
        self._control = streams.control
        self._reached = START
        self.errands = Errands(
            self.do, sets=self.sets, now=hand, away=(ConnectionError,), group_max=1
        )

    async def is_set(self) -> None:
        """A decision makes the errand due now."""
        at_ms = millis_of(self.hand())
        reached = f"{at_ms}-0"
        await self.sets.advance(self._control, self._reached, reached, {str(ERRAND): at_ms})
        self._reached = reached

    async def due(self) -> int | None:
        """When the errand is due."""
        found = await self.sets.due([self._control], NEVER_MS, 10)
        return dict(found.timers.get(self._control, ())).get(str(ERRAND))

    async def take(self) -> None:
        """Take the errand, as it is due now."""
        due_ms = await self.due()
        assert due_ms is not None
        assert due_ms <= millis_of(self.hand())
        await self.errands.take([(self._control, ERRAND, due_ms)])

    async def has_begun(self, times: int) -> None:
        await wait_until(lambda: _is(self.do.begun == times))


async def _is(what: bool) -> bool:
    return what


@asynccontextmanager
async def running(redis: Redis, streams: Streams) -> AsyncGenerator[Round]:
    made = Round(redis, streams, Hand())
    serving = asyncio.create_task(made.errands.run())
    try:
        yield made
    finally:
        await end(serving)


async def test_one_that_is_set_while_it_is_run_is_run_again(redis: Redis, streams: Streams) -> None:
    """What was read when it began is old: a deployment was edited while it was planned."""
    async with running(redis, streams) as one:
        await one.is_set()
        await one.take()
        await one.has_begun(1)
        one.hand.forward(seconds=1)
        await one.is_set()
        await one.take()
        one.hand.forward(seconds=1)
        one.do.end(again=NEVER_MS - 1)
        await one.has_begun(2)
        assert await one.due() == millis_of(one.hand()) - 1_000 + ASIDE_MS
        one.do.end()
        await wait_until(lambda: _is_gone(one))


async def _is_gone(one: Round) -> bool:
    return await one.due() is None


async def test_one_that_takes_longer_than_aside_is_run_once(redis: Redis, streams: Streams) -> None:
    """It is put aside again, so that nobody else takes it either."""
    async with running(redis, streams) as one:
        await one.is_set()
        await one.take()
        await one.has_begun(1)
        one.hand.forward(milliseconds=ASIDE_MS)
        await one.take()
        assert await one.due() == millis_of(one.hand()) + ASIDE_MS
        one.do.end()
        await wait_until(lambda: _is_gone(one))
        assert one.do.begun == 1


async def test_one_that_is_set_twice_before_it_begins_is_run_once(
    redis: Redis, streams: Streams
) -> None:
    one = Round(redis, streams, Hand())
    await one.is_set()
    await one.take()
    one.hand.forward(seconds=1)
    await one.is_set()
    await one.take()
    serving = asyncio.create_task(one.errands.run())
    await one.has_begun(1)
    one.do.end()
    await wait_until(lambda: _is_gone(one))
    await end(serving)
    assert one.do.begun == 1


async def test_one_that_fails_is_run_again_when_it_is_due(redis: Redis, streams: Streams) -> None:
    async with running(redis, streams) as one:
        one.do.fails = True
        await one.is_set()
        await one.take()
        await one.has_begun(1)
        one.do.end()
        await wait_until(lambda: _is(one.errands.trouble == "somewhere"))
        one.do.fails = False
        one.hand.forward(milliseconds=ASIDE_MS)
        await one.take()
        await one.has_begun(2)
        one.do.end()
        await wait_until(lambda: _is_gone(one))
        assert one.errands.trouble is None


async def test_one_that_is_to_be_again_is_due_in_its_round(redis: Redis, streams: Streams) -> None:
    one = Round(redis, streams, Hand())
    errands = Errands(
        one.do,
        sets=one.sets,
        now=one.hand,
        away=(),
        group_max=1,
        period=timedelta(hours=1),
    )
    one.errands = errands
    serving = asyncio.create_task(errands.run())
    await one.is_set()
    await one.take()
    await one.has_begun(1)
    one.do.end(again=3_600_000 * 500_000 + 1)
    await wait_until(lambda: _is_due(one, 3_600_000 * 500_001))
    await end(serving)


async def _is_due(one: Round, ms: int) -> bool:
    return await one.due() == ms
