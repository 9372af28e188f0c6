"""FastStream as we use it: its loop reads, and reading can fail for hours without a spin.

Left to itself a subscriber restarts at once, thousands of times a second, on every error that is
not about the connection (READONLY, WRONGTYPE, NOPERM, MASTERDOWN), and sleeps five seconds on
those that are. So the client that it reads with keeps errors to itself: it waits, each time
longer, says what is wrong to whoever listens, and reports that there was nothing to read.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Self, cast

from faststream.redis import RedisBroker, StreamSub
from faststream.redis.configs import RedisConnectionState
from faststream.redis.parser import MessageFormat
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError

from events.log.line import Lines, rows_of
from events.log.packing import packing

from ..patience import pause_s

READ_BLOCK_MS = 2_000
SOCKET_SECONDS = 5.0
"""Longer than a read may block; shorter, and idling would look like a failure."""

Trouble = Callable[[str, Exception | None], None]
"""Told the stream and why it cannot be read, or None once it could."""

_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)  # below it FastStream tells of every batch and every task


class BareFormat(MessageFormat):
    """The wire is the message's own bytes, for FastStream too."""

    @classmethod
    async def encode(cls, *, message: Any, **_: Any) -> bytes:
        """The bytes that they are."""
        return bytes(message)

    @classmethod
    def parse(cls, data: bytes) -> tuple[bytes, dict[str, Any]]:
        """The bytes that they are, and no headers."""
        return data, {}


class Proposals(StreamSub):
    """The stream *name*, read after *last_id*, at most *batch_max* entries at a time."""

    def __init__(self, name: str, last_id: str, batch_max: int) -> None:
        super().__init__(
            name,
            batch=True,
            last_id=last_id,
            max_records=batch_max,
            polling_interval=READ_BLOCK_MS,
        )

    def add_prefix(self, prefix: str) -> Self:
        """Itself: no prefix is used, and FastStream would make a deep copy for every batch."""
        assert not prefix
        return self


class PatientRedis(Redis):
    """A client for reading only, of which neither `ping` nor `xread` raises what may pass."""

    trouble: Trouble
    failures: dict[str, int]
    lines: Lines

    async def ping(self, **_: Any) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Always true: reading itself will tell."""
        return True

    async def xread(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, streams: Mapping[str, str], count: int | None = None, block: int | None = None
    ) -> Any:
        """What there is to read, or nothing after a while."""
        ((stream, after),) = streams.items()
        failures = self.failures.get(stream, 0)
        try:
            read = ("XREAD", "COUNT", count or 1, "BLOCK", block or 0, "STREAMS", stream, after)
            (answer,) = await self.lines[stream].ask([read])
            found = rows_of(answer)
        except (RedisError, OSError) as error:
            self.failures[stream] = failures + 1
            self.trouble(stream, error)
            await asyncio.sleep(pause_s(failures + 1))
            return ()
        if failures:
            del self.failures[stream]
            self.trouble(stream, None)
        return found

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Hang up all that it reads on."""
        for line in self.lines.values():
            await line.close()
        await super().aclose(close_connection_pool)


class _PatientState(RedisConnectionState):
    def __init__(self, options: dict[str, Any], trouble: Trouble) -> None:
        super().__init__(options)
        self._trouble = trouble

    async def connect(self) -> Any:
        pool: Any = ConnectionPool(**self._options)
        client = packing(cast("PatientRedis", PatientRedis.from_pool(pool)))  # typed as its parent
        client.trouble, client.failures = self._trouble, {}
        client.lines = Lines(client, SOCKET_SECONDS)
        self._client = client
        self._connected = True
        return client


class Bus(RedisBroker):
    """A broker for *partitions* subscribers, one connection each, that tells *trouble*."""

    def __init__(self, url: str, partitions: int, trouble: Trouble) -> None:
        self._trouble = trouble
        super().__init__(
            url,
            apply_types=False,
            message_format=BareFormat,
            id_generator=lambda: "-",
            retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=1), 3),
            max_connections=2 * partitions + 50,
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
            graceful_timeout=10,
            logger=_log,
            # FastStream says two lines per batch at this level
            log_level=logging.DEBUG,
        )

    def _make_connection_state(
        self, connection_options: dict[str, Any], kwargs: dict[str, Any]
    ) -> RedisConnectionState:
        return _PatientState(connection_options, self._trouble)
