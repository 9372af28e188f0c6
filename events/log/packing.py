"""Commands are packed by hiredis, and a connection that is lost is always told of as lost.

redis-py's asyncio client packs in Python, value by value. Writing to a connection that has closed
under it is a RuntimeError of uvloop, where asyncio's own loop has an OSError that redis-py knows.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import hiredis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Disconnected

AnyRedis = TypeVar("AnyRedis", bound=Redis)


def packing(redis: AnyRedis) -> AnyRedis:
    """*redis*, whose future connections pack quickly; the answers are the same."""
    pool: Any = redis.connection_pool
    pool.connection_class = _packing(pool.connection_class)
    return redis


@cache
def _packing(connection: type[Any]) -> type[Any]:
    class Packing(connection):
        """A connection of redis-py's, packing in C."""

        def pack_command(self, *args: Any) -> list[bytes]:
            return [packed(args)]

        def pack_commands(self, commands: Any) -> list[bytes]:
            return [b"".join(map(packed, commands))]

        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            try:
                await super().send_packed_command(command, check_health)  # pyright: ignore[reportUnknownMemberType]
            except RuntimeError as error:
                await self.disconnect(nowait=True)
                raise Disconnected(str(error)) from error

    return Packing


_pack = cast("Callable[[tuple[Any, ...]], bytes]", hiredis.pack_command)  # pyright: ignore[reportUnknownMemberType]
_NOTHING = b"$0\r\n\r\n"
"""An empty argument as it is sent."""


class Pieces(list[bytes]):
    """The last argument of a command, which is these bytes end to end."""


def packed(args: tuple[Any, ...]) -> bytes:
    """One command with its arguments, as it is sent."""
    name, last = args[0], args[-1]
    if isinstance(name, str) and " " in name:  # as in XINFO STREAM, which is sent as two
        args = (*name.split(), *args[1:])
    if not isinstance(last, Pieces):
        return _pack(args)
    # a commit is large enough for each copy of it to be felt: here is the only one
    start = _pack((*args[:-1], b"")).removesuffix(_NOTHING)
    return b"".join((start, b"$%d\r\n" % sum(map(len, last)), *last, b"\r\n"))
