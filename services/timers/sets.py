"""The timers that are set, a sorted set for each partition, with a mark of how far they are set.

The mark is a member of the set itself, behind all timers: one key is there as a whole or not at
all, and a set without a mark is to be made from the first entry of the log on.
"""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import Any

from msgspec import Struct
from redis.asyncio import Redis

from events.log import START
from events.streams import Streams

VERSION = 6
"""Which timers there are. A set of an earlier version lacks some, and is made anew."""

_scripts = files("services.timers")
_ADVANCE = (_scripts / "advance.lua").read_text("utf-8")
_MOVE = (_scripts / "move.lua").read_text("utf-8")


class Outrun(Exception):
    """The timers were set by a later version, which knows more of them; start that one."""


Set = tuple[str, int]
"""A timer's text, and the millisecond at which it is due."""


class Due(Struct, frozen=True):
    """What is due, by partition in order of time, and the next millisecond when something is.

    *is_all* says whether there was nothing else due.
    """

    timers: Mapping[int, Sequence[Set]]
    next_ms: int | None
    is_all: bool


class TimerSets:
    """The sorted sets of one log. *redis* must give bytes; its errors are redis-py's own."""

    def __init__(self, redis: Redis, streams: Streams) -> None:
        # redis-py declares most answers as "this or an awaitable of it", which nobody can await
        self._redis: Any = redis
        self._streams = streams
        self._advance: Any = self._redis.register_script(_ADVANCE)
        self._move: Any = self._redis.register_script(_MOVE)

    async def reached(self, partition: int) -> str:
        """The entry up to which timers are set; a set of an earlier version is forgotten."""
        key = self._streams.timers(partition)
        mark = next(iter(await self._redis.zrevrange(key, 0, 0)), None)
        if mark is None:
            return START
        version, entry_id = mark.decode().removeprefix("v").split(" ")
        if int(version) > VERSION:
            raise Outrun(
                f"the timers of partition {self._streams.name(partition)} were set by version "
                f"{version}, and this program is of version {VERSION}: start the newer one"
            )
        if int(version) < VERSION:
            await self._redis.unlink(key)
            return START
        return entry_id

    async def advance(
        self, partition: int, expected: str, reached: str, timers: Mapping[str, int | None]
    ) -> bool:
        """Set *timers* to these milliseconds, remove those with None, and mark how far it is.

        False, and nothing is changed, when the mark is not the *expected* one.
        """
        due = {timer: ms for timer, ms in timers.items() if ms is not None}
        gone = [timer for timer, ms in timers.items() if ms is None]
        scored = [part for timer, ms in due.items() for part in (ms, timer)]
        before = "" if expected == START else _mark(expected)
        arguments = [before, _mark(reached), len(due), *scored, *gone]
        said = await self._advance(keys=[self._streams.timers(partition)], args=arguments)
        return bool(said)

    async def due(self, partitions: Sequence[int], now_ms: int, limit: int) -> Due:
        """Up to *limit* timers of each partition that are due at *now_ms*."""
        pipeline = self._redis.pipeline(transaction=False)
        for key in map(self._streams.timers, partitions):
            pipeline.zrangebyscore(key, "-inf", now_ms, start=0, num=limit, withscores=True)
            pipeline.zrangebyscore(key, f"({now_ms}", "(+inf", start=0, num=1, withscores=True)
        said = await pipeline.execute()
        later = [int(score) for rows in said[1::2] for _, score in rows]
        return Due(
            {
                partition: [(timer.decode(), int(due_ms)) for timer, due_ms in found]
                for partition, found in zip(partitions, said[::2], strict=True)
                if found
            },
            min(later, default=None),
            all(len(found) < limit for found in said[::2]),
        )

    async def move(self, timers: Iterable[tuple[int, object, int, int | None]]) -> list[bool]:
        """Let these be due later, or not any more; for each, whether it was still due as given.

        A timer has its partition, the millisecond at which it was due, and the next or None.
        """
        by_partition: dict[int, list[tuple[object, int, int | None]]] = {}
        places: list[tuple[int, int]] = []
        for partition, timer, due_ms, next_ms in timers:
            found = by_partition.setdefault(partition, [])
            places.append((partition, len(found)))
            found.append((timer, due_ms, next_ms))
        pipeline = self._redis.pipeline(transaction=False)
        for partition, found in by_partition.items():
            arguments = [
                argument
                for timer, due_ms, next_ms in found
                for argument in (str(timer), due_ms, "" if next_ms is None else next_ms)
            ]
            keys = [self._streams.timers(partition)]
            await self._move(keys=keys, args=arguments, client=pipeline)
        said: dict[int, list[int]] = dict(zip(by_partition, await pipeline.execute(), strict=True))
        return [bool(said[partition][place]) for partition, place in places]


def _mark(entry_id: str) -> str:
    return f"v{VERSION} {entry_id}"
