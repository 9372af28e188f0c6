"""Where a secret could be: whatever is logged, in Redis, and in files."""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis as blocking


class Everything(logging.Handler):
    """Keeps whatever any logger says, with all its fields."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {vars(record)}")


@contextmanager
def logged() -> Generator[list[str]]:
    """What is logged, from the least level on."""
    root, everything = logging.getLogger(), Everything()
    level = root.level
    root.addHandler(everything)
    root.setLevel(logging.DEBUG)
    yield everything.said
    root.setLevel(level)
    root.removeHandler(everything)


def bytes_below(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def bytes_in_redis(url: str) -> bytes:
    """All keys and what they hold, as it is: a dump might be compressed."""
    client: Any = blocking.Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]
    read: dict[bytes, Callable[[bytes], Any]] = {
        b"hash": client.hgetall,
        b"stream": client.xrange,
        b"string": client.get,
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    with client:
        keys: list[bytes] = list(client.scan_iter())
        return b"".join(repr((key, read[client.type(key)](key))).encode() for key in keys)
