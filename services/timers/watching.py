"""Who has not been heard of for a while is not there: workers, and who polls for runs."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import assert_never

from msgspec import Struct

from events.changes import ResourceRemoved, ResourceStored
from events.decisions import Decision
from events.instants import millis_of
from events.resources.deployments import Deployment
from events.resources.resource import kind_name
from events.resources.work_pools import Worker, WorkPool, WorkQueue

from .timer import Watch

Watched = Worker | WorkPool | WorkQueue | Deployment

WATCHED = {kind_name(type): type for type in (Worker, WorkPool, WorkQueue, Deployment)}


class Silence(Struct, frozen=True, kw_only=True):
    """How long nobody may be heard of. A worker may leave out so many heartbeats."""

    heartbeats: int = 3
    heartbeat: timedelta = timedelta(seconds=30)
    deployment: timedelta = timedelta(seconds=60)
    work_queue: timedelta = timedelta(seconds=60)

    @property
    def work_pool(self) -> timedelta:
        """How often a pool's workers are looked at."""
        return self.heartbeats * self.heartbeat


def silent_from(resource: Watched, silence: Silence) -> datetime | None:
    """The last instant at which *resource* counts as there, if it does so far."""
    match resource:
        case Worker(status="ONLINE", last_heartbeat_time=last) if last is not None:
            seconds = resource.heartbeat_interval_seconds
            interval = silence.heartbeat if not seconds else timedelta(seconds=seconds)
            return last + silence.heartbeats * interval
        case WorkPool(status="READY"):
            return resource.updated + silence.work_pool
        case WorkQueue(status="READY", last_polled=last) if last is not None:
            return last + silence.work_queue
        case Deployment(status="READY", last_polled=last) if last is not None:
            return last + silence.deployment
        case Worker() | WorkPool() | WorkQueue() | Deployment():
            return None
    assert_never(resource)


def watches_set_by(decision: Decision, silence: Silence) -> Iterator[tuple[Watch, int | None]]:
    """Whom *decision* lets be watched, each with the millisecond of the next look, if any."""
    for change in decision.changes:
        match change:
            case ResourceStored(
                resource=(Worker() | WorkPool() | WorkQueue() | Deployment()) as resource
            ):
                silent = silent_from(resource, silence)
                due_ms = None if silent is None else millis_of(silent) + 1
                yield Watch(kind_name(type(resource)), resource.id), due_ms
            case ResourceRemoved(kind=kind, id=id) if kind in WATCHED:
                yield Watch(kind, id), None
            case _:
                pass
