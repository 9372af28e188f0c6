"""Timers on a clock that tests set, and the log that they follow."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from redis.asyncio import Redis

from events.log.redis import RedisEventLog
from events.streams import Streams
from headgate.clock import now
from services.proposer import Proposer
from services.timers import Spans, Timers

_names = count()


class Hand:
    """A clock that says what it is set to; it starts at the real time."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


@asynccontextmanager
async def timing(
    redis: Redis, streams: Streams, hand: Hand, **settings: Any
) -> AsyncGenerator[Timers]:
    """Timers that do what a test calls; they do not run by themselves."""
    proposer = settings.pop("proposer", None)
    mine = proposer or Proposer(redis, streams, f"timers-{next(_names)}", hand)
    try:
        yield Timers(
            redis=redis,
            log=RedisEventLog(redis, streams),
            proposer=mine,
            now=hand,
            spans=settings.pop("spans", Spans()),
            **settings,
        )
    finally:
        if proposer is None:
            await mine.stop()
