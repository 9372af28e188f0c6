"""How far the notifier is: kept in Redis, with the policies as they were told of until there."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from events.streams import Streams

from .policies import Policies

POLICIES = b"policies"


class Batch(Struct):
    """What was read at once: where it ends, and how many notifications of it are not settled."""

    places: dict[int, str]
    left: int


class Progress:
    """Up to where all is settled, in each partition; batches settle in any order."""

    def __init__(self, places: Mapping[int, str]) -> None:
        self.places = dict(places)
        self._batches: deque[Batch] = deque()

    def began(self, places: Mapping[int, str], left: int) -> Batch:
        """A batch was read that leads to *places*; so many notifications are of it."""
        last = self._batches[-1] if self._batches else None
        if left == 0 and last is not None and last.left == 0:
            last.places |= places
            return last
        batch = Batch(dict(places), left)
        self._batches.append(batch)
        self._advance()
        return batch

    def settled(self, batch: Batch) -> None:
        """One notification of *batch* is settled."""
        batch.left -= 1
        self._advance()

    def _advance(self) -> None:
        while self._batches and self._batches[0].left == 0:
            self.places |= self._batches.popleft().places


class Places:
    """The hash of one log. *redis* must give bytes; its errors are redis-py's own.

    Of several notifiers the last one to write counts. One that is behind costs reading again.
    """

    def __init__(self, redis: Any, streams: Streams) -> None:
        self._redis = redis
        self._key = streams.notified

    async def read(self) -> tuple[Policies, dict[int, str]]:
        """The policies, and by partition the entry up to which all is settled."""
        found: dict[bytes, bytes] = await self._redis.hgetall(self._key)
        policies = Policies.read(found.pop(POLICIES, None))
        return policies, {int(partition): entry.decode() for partition, entry in found.items()}

    async def save(self, policies: Policies, places: Mapping[int, str]) -> None:
        """Keep them, all at once."""
        fields = {str(partition): entry for partition, entry in places.items()}
        await self._redis.hset(self._key, mapping={POLICIES: policies.written(), **fields})
