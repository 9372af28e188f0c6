"""A deployment has a concurrency limit of its own, or shares one, or has none."""

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from msgspec import Struct, structs

from events.changes import Change, LimitRemoved, LimitStored
from events.decisions import Outcome
from events.entities import Alias
from events.identity import derived_id
from events.resources.deployments import Deployment
from events.slots import Limit, limit_key, limit_name_key

from ..asking.orchestrate import Said
from .counting import least_of
from .known import Known, limit_named, limit_of
from .limits import slots_held

OWN, SHARED = "concurrency_limit", "global_concurrency_limit_id"
LIMITS = (OWN, SHARED)
"""The fields of a deployment that tell its limit."""

UNKNOWN = Said(outcome=Outcome.REJECT, reason="Concurrency limit not found", rule="KnowParents")


class Limited(Struct, frozen=True):
    """A deployment with the limit that it is to have, and what that changes; or why not."""

    deployment: Deployment
    changes: tuple[Change, ...] = ()
    refused: Said | None = None


def limit_keys(known: Known, id: UUID, shared: UUID | None = None) -> Iterator[str]:
    """The keys of the limit that the deployment *id* has of its own, and of the one it shares."""
    name = limit_name_key(name_of(id))
    yield name
    alias = known.get(name)
    if isinstance(alias, Alias):
        yield limit_key(alias.id)
    if shared is not None:
        yield limit_key(shared)


def limited(known: Known, deployment: Deployment, given: Collection[str], at: datetime) -> Limited:
    """*deployment*, of which *given* is said anew; a limit of its own comes and goes with it.

    A limit that is shared is never changed by those who share it.
    """
    if not set(LIMITS).intersection(given):
        return Limited(deployment)
    own = limit_named(known, name_of(deployment.id))
    most = deployment.concurrency_limit if OWN in given else None
    shared = deployment.global_concurrency_limit_id if SHARED in given else None
    changes: tuple[Change, ...] = ()
    if shared is not None:
        if limit_of(known, shared) is None:
            return Limited(deployment, refused=UNKNOWN)
        most = None
    elif most is not None:
        shared = derived_id(at, deployment.id, "limit") if own is None else own.limit.id
        changes = (LimitStored(limit=_of_its_own(known, deployment.id, shared, most, at)),)
    if own is not None and own.limit.id != shared:
        changes = (LimitRemoved(id=own.limit.id, name=own.limit.name),)
    after = structs.replace(deployment, concurrency_limit=most, global_concurrency_limit_id=shared)
    return Limited(after, changes)


def limit_removed(known: Known, id: UUID) -> tuple[LimitRemoved, ...]:
    """The limit that goes with the deployment *id*."""
    own = limit_named(known, name_of(id))
    return () if own is None else (LimitRemoved(id=own.limit.id, name=own.limit.name),)


def name_of(id: UUID) -> str:
    """The name of the limit that the deployment *id* has of its own."""
    return f"deployment:{id}"


def _of_its_own(known: Known, deployment_id: UUID, id: UUID, most: int, at: datetime) -> Limit:
    own = limit_of(known, id)
    if own is None:
        return Limit(id=id, name=name_of(deployment_id), limit=most, created=at, updated=at)
    counts = structs.replace(own.limit, limit=most, updated=max(own.limit.updated, at))
    kept = least_of(counts, counts.active_slots, slots_held(own))
    return structs.replace(counts, active_slots=kept)
