"""An address may ask so often and no oftener; it hears when it may ask again."""

from asyncio import get_running_loop
from math import ceil

from msgspec import Struct, json
from starlette.types import ASGIApp, Receive, Scope, Send

from ..http.errors import Reply
from ..recent import Recent
from .refusing import host_of, refuse

TOO_MANY = json.encode({"exception_message": "Too Many Requests"})
ADDRESSES_MAX = 10_000
"""Addresses that are remembered; one that is forgotten starts anew."""


class _Bucket(Struct):
    """How many requests an address has left, as of *at* in the loop's seconds."""

    left: float
    at: float


class Rate:
    """*app*, for each address *burst_max* times at once, and *per_second_max* in the long run."""

    def __init__(self, app: ASGIApp, per_second_max: float, burst_max: int) -> None:
        self._app = app
        self._per_second_max = per_second_max
        self._burst_max = burst_max
        self._buckets: Recent[str, _Bucket] = Recent(ADDRESSES_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wait_s = 0.0 if scope["type"] == "lifespan" else self._wait_s(host_of(scope))
        if wait_s == 0.0:
            await self._app(scope, receive, send)
        else:
            after = ((b"retry-after", b"%d" % ceil(wait_s)),)
            await refuse(scope, receive, send, Reply(429, TOO_MANY, after))

    def _wait_s(self, host: str) -> float:
        """How long *host* has to wait; zero when it may ask now, which is counted."""
        now = get_running_loop().time()
        bucket = self._buckets.get(host)
        if bucket is None:
            bucket = _Bucket(self._burst_max, now)
            self._buckets.put(host, bucket)
        gained = (now - bucket.at) * self._per_second_max
        bucket.left, bucket.at = min(self._burst_max, bucket.left + gained), now
        if bucket.left < 1:
            return (1 - bucket.left) / self._per_second_max
        bucket.left -= 1
        return 0.0
