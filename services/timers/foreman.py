"""Workers that are silent are offline; what nobody serves is not ready."""

from typing import TypeVar
from uuid import UUID

from events.entities import Entity, Members
from events.instants import Clock, millis_of
from events.log import EventLog
from events.proposals import AmendResource
from events.resources.deployments import Deployment
from events.resources.registry import members_key, resource_key
from events.resources.resource import Resource, kind_name
from events.resources.work_pools import Worker, WorkPool, WorkQueue
from events.wire.snapshots import entity_of, fields_of

from ..proposer import Proposer
from .errands import Group
from .timer import BY, Watch
from .watching import WATCHED, Silence, Watched, silent_from

R = TypeVar("R", bound=Resource)


class Foreman:
    """Looks after those that are watched, when they may have gone."""

    def __init__(self, *, log: EventLog, proposer: Proposer, now: Clock, silence: Silence) -> None:
        self._log = log
        self._proposer = proposer
        self._now = now
        self._silence = silence

    async def look(self, group: Group[Watch]) -> list[int | None]:
        """Note who is silent; says for each when to look again, if at all."""
        return [await self._look(watch) for _, watch in group]

    async def _look(self, watch: Watch) -> int | None:
        found: Watched | None = await self._read(WATCHED[watch.kind], watch.id)
        silent = None if found is None else silent_from(found, self._silence)
        if found is None or silent is None:
            return None
        now = self._now()
        match found:
            case Deployment(work_queue_id=queue_id) if queue_id is not None:
                queue = await self._read(WorkQueue, queue_id)
                if queue is not None and queue.last_polled is not None:
                    silent = max(silent, queue.last_polled + self._silence.work_queue)
            case WorkPool() if await self._has_workers(found.id):
                silent = max(silent, now + self._silence.work_pool)
            case _:
                pass
        if now <= silent:
            return millis_of(silent) + 1
        await self._amend(found, "OFFLINE" if isinstance(found, Worker) else "NOT_READY")
        if isinstance(found, Worker) and not await self._has_workers(found.work_pool_id):
            pool = await self._read(WorkPool, found.work_pool_id)
            if pool is not None and pool.status == "READY":
                await self._amend(pool, "NOT_READY")
        return None

    async def _has_workers(self, pool_id: UUID) -> bool:
        """Whether a worker of the pool is online."""
        key = members_key(kind_name(Worker), pool_id)
        members = await self._entity(key)
        ids = members.ids if isinstance(members, Members) else ()
        workers = [await self._read(Worker, id) for id in ids]
        return any(worker is not None and worker.status == "ONLINE" for worker in workers)

    async def _amend(self, resource: Resource, status: str) -> None:
        """Change the status of what was read; if it has changed since, leave it."""
        kind = kind_name(type(resource))
        asked = AmendResource(
            id=f"silent {kind} {resource.id} {resource.revision}",
            at=self._now(),
            by=BY,
            kind=kind,
            resource_id=resource.id,
            fields={"status": status},
            revision=resource.revision,
        )
        await self._proposer.propose(asked)

    async def _read(self, type: type[R], id: UUID) -> R | None:
        found = await self._entity(resource_key(kind_name(type), id))
        return found if isinstance(found, type) else None

    async def _entity(self, key: str) -> Entity | None:
        control = self._log.streams.control
        return entity_of(key, await self._log.snapshots(control, fields_of(key)))
