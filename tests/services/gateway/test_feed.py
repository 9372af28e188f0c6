"""The feed serves those who listen; who falls behind is given up and holds up nobody."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from events.log import START
from events.log.memory import MemoryEventLog
from events.streams import Streams
from events.told.event import Event
from events.told.filters import EventFilter
from services.gateway.event_stream.descriptions import Descriptions, Readers
from services.gateway.event_stream.feed import Feed
from services.gateway.event_stream.tail import Decided, Ends, Tail
from services.gateway.event_stream.told import TOLD, ToldEvent


async def _nothing(*_: Any) -> None:
    return None


class Silence:
    """A stream in which nothing is told."""

    async def ends(self) -> dict[int, str]:
        return {TOLD: START}

    async def tail(self, after: Ends) -> AsyncIterator[list[tuple[int, list[ToldEvent]]]]:
        await asyncio.Event().wait()
        yield []


def _feed(backlog_bytes_max: int) -> Feed:
    descriptions = Descriptions(Readers(_nothing, _nothing, _nothing, _nothing))
    decided = Tail(Decided(MemoryEventLog(Streams())), (OSError,))
    return Feed(decided, Tail(Silence(), (OSError,)), descriptions, backlog_bytes_max)


def _event(name: str) -> Event:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return Event(occurred=at, event=name, resource={"prefect.resource.id": "r"})


@pytest.mark.anyio
async def test_a_subscriber_too_far_behind_is_given_up_and_the_others_hear_everything() -> None:
    feed = _feed(backlog_bytes_max=1_000)
    slow, _ = await feed.subscribe(EventFilter())
    quick, _ = await feed.subscribe(EventFilter())
    for number in range(10):
        feed.tell(_event(f"e{number}"))
        assert f'"e{number}"' in (await quick.next())[2]
    assert slow.is_behind.is_set()
    assert not quick.is_behind.is_set()
    assert '"e0"' in (await slow.next())[2]
    await feed.unsubscribe(slow)
    await feed.unsubscribe(quick)


@pytest.mark.anyio
async def test_a_burst_of_many_small_events_is_kept_until_it_is_read() -> None:
    feed = _feed(backlog_bytes_max=1_000_000)
    one, _ = await feed.subscribe(EventFilter())
    for number in range(2_500):
        feed.tell(_event(f"e{number}"))
    assert not one.is_behind.is_set()
    for number in range(2_500):
        assert f'"e{number}"' in (await one.next())[2]
    await feed.unsubscribe(one)


@pytest.mark.anyio
async def test_what_was_read_makes_room_for_as_much() -> None:
    feed = _feed(backlog_bytes_max=1_000)
    one, _ = await feed.subscribe(EventFilter())
    for number in range(20):
        feed.tell(_event(f"a{number}"))
        feed.tell(_event(f"b{number}"))
        assert [f'"{name}{number}"' in (await one.next())[2] for name in "ab"] == [True, True]
    assert not one.is_behind.is_set()
    await feed.unsubscribe(one)


@pytest.mark.anyio
async def test_the_tail_runs_while_somebody_listens() -> None:
    feed = _feed(backlog_bytes_max=1_000)
    assert not feed.has_subscribers
    one, _ = await feed.subscribe(EventFilter())
    other, _ = await feed.subscribe(EventFilter())
    await feed.unsubscribe(one)
    assert feed.has_subscribers
    await feed.unsubscribe(other)
    assert not feed.has_subscribers
    again, ends = await feed.subscribe(EventFilter())
    assert set(ends) == {TOLD, *range(9)}
    await feed.unsubscribe(again)
