"""A line to Redis: one connection that stays open, for a task that asks again and again.

redis-py takes a connection from its pool, sets timers and records metrics for every command. Here
all of that is done once per call, be it one command or five hundred.
"""

import asyncio
import math
from collections.abc import Sequence
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from .packing import packed

Command = tuple[str | bytes | int, ...]

Rows = list[tuple[bytes, dict[bytes, bytes]]]
"""Entries of a stream: their ids and fields."""


class Line:
    """One connection to the server of *redis*, made when it is needed and after every failure.

    *seconds* bounds every call.
    """

    def __init__(self, redis: "Redis", seconds: float) -> None:
        pool: Any = redis.connection_pool
        self._connect = pool.connection_class
        self._options: dict[str, Any] = {**pool.connection_kwargs, "socket_timeout": None}
        self._seconds = seconds
        self._connection: Any = None
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The answer to each of *commands*, one of which may be a `ResponseError`.

        Raises `RedisError` or `OSError` when the connection fails; what was sent may then have
        been done or not.
        """
        sent = b"".join(map(packed, commands))
        async with self._one_at_a_time:
            connection = self._connection or self._connect(**self._options)
            self._connection = None
            try:
                async with asyncio.timeout(self._seconds):
                    await connection.send_packed_command(sent)
                    answers = [await _answer(connection) for _ in commands]
            except BaseException:
                await connection.disconnect(nowait=True)
                raise
            self._connection = connection
            return answers

    async def close(self) -> None:
        """Hang up; the next call connects anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect()


def rows_of(answer: Any) -> list[tuple[bytes, Rows]]:
    """What XREAD answered, by stream; protocol 3 gives a mapping, protocol 2 pairs."""
    if isinstance(answer, ResponseError):
        raise answer
    found = cast("dict[bytes, Any]", answer).items() if isinstance(answer, dict) else answer or ()
    return [(stream, [(id, _fields(flat)) for id, flat in entries]) for stream, entries in found]


def _fields(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


async def _answer(connection: Any) -> Any:
    try:
        return await connection.read_response(disable_decoding=True, timeout=math.inf)
    except ResponseError as error:
        return error
