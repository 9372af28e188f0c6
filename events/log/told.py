"""What clients tell, on Redis: one stream of events."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from ..streams import Streams
from . import START

BLOCK_MS = 2_000
"""Below every sensible socket timeout."""

GROUP_MAX = 500
"""Events that one script appends: it holds up everybody else."""

_EVENT = b"event"


class Told:
    """The stream of events; *redis* is an asynchronous client that answers in bytes.

    Events older than *keep_ms* are dropped as others come.
    """

    def __init__(self, redis: Any, streams: Streams, keep_ms: int) -> None:
        self._redis = redis
        self._key = streams.told
        self._keep_ms = keep_ms
        script = (files("events.log") / "tell.lua").read_text("utf-8")
        self._append = redis.register_script(script)

    async def tell(self, events: Sequence[bytes]) -> str:
        """Append *events*, which are JSON; the id of the last one."""
        last = START
        for start in range(0, len(events), GROUP_MAX):
            group = events[start : start + GROUP_MAX]
            answer = await self._append([self._key], [self._keep_ms, *group])
            last = answer.decode()
        return last

    async def read(self, after: str, limit: int) -> list[tuple[str, bytes]]:
        """At most *limit* events after the id *after*, oldest first; waits a while for one."""
        answer = await self._redis.xread({self._key: after}, count=limit, block=BLOCK_MS)
        return [each for _, rows in answer for each in _events(rows)]

    async def end(self) -> str:
        """The id of the last event; `START` when there is none."""
        rows = await self._redis.xrevrange(self._key, count=1)
        return _events(rows)[0][0] if rows else START

    async def between(self, after: str, last: str, limit: int) -> list[tuple[str, bytes]]:
        """At most *limit* events after the id *after* and up to *last*, oldest first."""
        return _events(await self._redis.xrange(self._key, f"({after}", last, count=limit))


def _events(rows: Any) -> list[tuple[str, bytes]]:
    return [(entry_id.decode(), fields[_EVENT]) for entry_id, fields in rows]
