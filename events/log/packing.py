"""Commands are packed by hiredis: redis-py's asyncio client does it in Python, value by value."""

from functools import cache
from typing import Any, TypeVar

import hiredis
from redis.asyncio import Redis

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

    return Packing


def packed(args: tuple[Any, ...]) -> bytes:
    """One command with its arguments, as it is sent."""
    name = args[0]
    if isinstance(name, str) and " " in name:  # as in XINFO STREAM, which is sent as two
        args = (*name.split(), *args[1:])
    return hiredis.pack_command(args)  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
