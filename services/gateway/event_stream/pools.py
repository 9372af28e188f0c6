"""Work pools as they change, fanned out to the workers that are connected."""

from uuid import UUID

from msgspec import json

from events.changes import ResourceRemoved, ResourceStored
from events.log import Entry
from events.resources.work_pools import WorkPool
from events.wire.codec import decode_decision

from ..rendering.work_pools import work_pool_response
from .subscriptions import Subscription, Subscriptions
from .tail import Ear, Tail

GONE = ""
"""Is told of a pool that is no more; of others, their JSON."""


class Pools:
    """Subscriptions to work pools, each to one, by its id."""

    def __init__(self, tail: Tail[Entry], backlog_bytes_max: int) -> None:
        self._subscriptions = Subscriptions[UUID](backlog_bytes_max, Ear(tail, self._hear))

    async def subscribe(self, pool_id: UUID) -> Subscription[UUID]:
        """A subscription to what becomes of a pool from now on."""
        subscription, _ = await self._subscriptions.add(pool_id)
        return subscription

    async def unsubscribe(self, subscription: Subscription[UUID]) -> None:
        """Nothing more for *subscription*."""
        await self._subscriptions.remove(subscription)

    async def _hear(self, _: int, entry: Entry) -> None:
        if b'"kind":"work_pool' not in entry.body:
            return
        for change in decode_decision(entry.body).changes:
            match change:
                case ResourceStored(resource=WorkPool() as pool):
                    self._tell(pool.id, json.encode(work_pool_response(pool)).decode())
                case ResourceRemoved(kind="work_pool", id=id):
                    self._tell(id, GONE)
                case _:
                    pass

    def _tell(self, pool_id: UUID, told: str) -> None:
        for subscription in self._subscriptions:
            if subscription.wanted == pool_id:
                subscription.offer(told)
