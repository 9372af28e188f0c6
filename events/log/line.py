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

from .packing import Pieces, packed

Argument = str | bytes | int | Pieces
Command = tuple[Argument, ...]

Rows = list[tuple[bytes, dict[bytes, bytes]]]
"""Entries of a stream: their ids and fields."""


class Line:
    """A connection from the pool of *redis*, kept from the first call on.

    It hangs up when the pool does. *seconds* bounds every call.
    """

    def __init__(self, redis: "Redis", seconds: float) -> None:
        self._pool: Any = redis.connection_pool
        self._retry = redis.get_retry()
        self._seconds = seconds
        self._connection: Any = None
        self._own_timeout: float | None = None
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, commands: Sequence[Command]) -> list[Any]:
        """The answer to each of *commands*, one of which may be a `ResponseError`.

        Raises `RedisError` or `OSError` when the connection fails; what was sent may then have
        been done or not, and the next call connects anew.
        """
        sent = b"".join(map(packed, commands))
        async with self._one_at_a_time, asyncio.timeout(self._seconds):
            connection = self._connection or await self._connected()
            try:
                await connection.send_packed_command(sent)
                return [await _answer(connection) for _ in commands]
            except BaseException:
                await connection.disconnect(nowait=True)
                raise

    async def ask_idempotent(self, commands: Sequence[Command]) -> list[Any]:
        """As `ask`, but what may be done twice is asked as often as *redis* tries."""
        if self._retry is None:
            return await self.ask(commands)
        return await self._retry.call_with_retry(lambda: self.ask(commands), _failed)

    async def close(self) -> None:
        """Hang up; the next call connects anew."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect()
            connection.socket_timeout = self._own_timeout
            await self._pool.release(connection)

    async def _connected(self) -> Any:
        """A connection that bounds no single read or write: the call is bounded as a whole."""
        connection = self._connection = await self._pool.get_connection()
        self._own_timeout, connection.socket_timeout = connection.socket_timeout, None
        return connection


class Lines(dict[Any, Line]):
    """A line to the server of *redis* for each key, made when somebody first asks for it."""

    def __init__(self, redis: "Redis", seconds: float) -> None:
        super().__init__()
        self._redis = redis
        self._seconds = seconds

    def __missing__(self, key: Any) -> Line:
        line = self[key] = Line(self._redis, self._seconds)
        return line


def rows_of(answer: Any) -> list[tuple[bytes, Rows]]:
    """What XREAD answered, by stream; protocol 3 gives a mapping, protocol 2 pairs."""
    if isinstance(answer, ResponseError):
        raise answer
    found = cast("dict[bytes, Any]", answer).items() if isinstance(answer, dict) else answer or ()
    return [(stream, [(id, _fields(flat)) for id, flat in entries]) for stream, entries in found]


def _fields(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


async def _failed(_: Exception) -> None:
    """Nothing is to be done: the next call connects anew."""


async def _answer(connection: Any) -> Any:
    try:
        return await connection.read_response(disable_decoding=True, timeout=math.inf)
    except ResponseError as error:
        return error
