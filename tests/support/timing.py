"""Timers on a clock that tests set, and the log that they follow."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from redis.asyncio import Redis

from events.entities import FlowRun, TaskRun
from events.log.redis import RedisEventLog
from events.queries import FlowRunQuery, TaskRunQuery
from events.streams import Streams
from headgate.clock import now
from services.proposer import Proposer
from services.timers import Spans, Timers

_names = count()


class Hand:
    """A clock that says what it is set to; it starts at the real time, in whole milliseconds.

    So a state that is decided at the same time as another, and is a microsecond later for it, is
    still in the millisecond that timers go by.
    """

    def __init__(self) -> None:
        at = now()
        self.at = at - timedelta(microseconds=at.microsecond % 1_000)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


class NoViews:
    """Views that nobody has filled."""

    async def flow_runs(self, query: FlowRunQuery) -> list[FlowRun]:
        """None."""
        del query
        return []

    async def task_runs(self, query: TaskRunQuery) -> list[TaskRun]:
        """None."""
        del query
        return []

    async def positions(self) -> Mapping[int, int]:
        """Nowhere."""
        return {}


@asynccontextmanager
async def timing(
    redis: Redis, streams: Streams, hand: Hand, **settings: Any
) -> AsyncGenerator[Timers]:
    """Timers that do what a test calls; they do not run by themselves."""
    settings = {"spans": Spans(), "views": NoViews(), **settings}
    log = RedisEventLog(redis, streams)
    async with AsyncExitStack() as stack:
        proposer = settings.pop("proposer", None) or await stack.enter_async_context(
            Proposer(redis, streams, f"timers-{next(_names)}", hand)
        )
        yield Timers(redis=redis, log=log, proposer=proposer, now=hand, **settings)
