"""Limits as clients read them, those on tags in an older form too."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from events.instants import Instant
from events.slots import TAG, Limit, LimitSeen

from ...rules.slots.counting import as_of


class LimitResponse(Struct, frozen=True, kw_only=True):
    """A limit, as it is read and listed."""

    id: UUID
    created: Instant
    updated: Instant
    active: bool
    name: str
    limit: int
    active_slots: int
    slot_decay_per_second: float


class NewLimitResponse(LimitResponse, frozen=True, kw_only=True):
    """A limit that was made."""

    denied_slots: int
    avg_slot_occupancy_seconds: float


class LimitTakenResponse(Struct, frozen=True):
    """A limit of which slots were taken or given."""

    id: UUID
    name: str
    limit: int


class LeaseResponse(Struct, frozen=True):
    """A lease, and the limits of which it holds slots."""

    lease_id: UUID
    limits: list[LimitTakenResponse]


class TagLimitResponse(Struct, frozen=True, kw_only=True):
    """A limit on task runs with a tag, and the task runs that hold slots of it."""

    id: UUID
    created: Instant
    updated: Instant
    tag: str
    concurrency_limit: int
    active_slots: list[UUID]


def limit_response(limit: Limit, now: datetime) -> LimitResponse:
    """*limit* as it counts now."""
    return LimitResponse(
        id=limit.id,
        created=limit.created,
        updated=limit.updated,
        active=limit.active,
        name=limit.name,
        limit=limit.limit,
        active_slots=as_of(limit, now).active_slots,
        slot_decay_per_second=limit.slot_decay_per_second,
    )


def new_limit_response(limit: Limit) -> NewLimitResponse:
    """*limit*, which was made just now."""
    return NewLimitResponse(
        id=limit.id,
        created=limit.created,
        updated=limit.updated,
        active=limit.active,
        name=limit.name,
        limit=limit.limit,
        active_slots=limit.active_slots,
        denied_slots=limit.denied_slots,
        slot_decay_per_second=limit.slot_decay_per_second,
        avg_slot_occupancy_seconds=limit.avg_slot_occupancy_seconds,
    )


def taken_response(limit: LimitSeen) -> LimitTakenResponse:
    """*limit* in short."""
    return LimitTakenResponse(limit.id, limit.name, limit.limit)


def tag_limit_response(limit: Limit, task_run_ids: list[UUID]) -> TagLimitResponse:
    """*limit* as a limit on a tag."""
    return TagLimitResponse(
        id=limit.id,
        created=limit.created,
        updated=limit.updated,
        tag=limit.name.removeprefix(TAG),
        concurrency_limit=limit.limit,
        active_slots=task_run_ids,
    )
