"""Concurrency limits: how many slots each has, which leases hold some of them, and until when.

A limit counts the slots that are taken; a lease says who took them. What is counted and held by no
lease was taken without one. A limit with decay forgets what was taken as time goes by.
"""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from ..identity import fraction_of
from ..instants import Instant

Slots = Annotated[int, Meta(ge=0, le=2**31 - 1)]
"""A number of slots that every SQL database has room for."""

SomeSlots = Annotated[int, Meta(ge=1, le=2**31 - 1)]
"""The same, one at least."""

Decay = Annotated[float, Meta(ge=0, le=1_000_000_000)]
"""Slots that are forgotten per second."""

LimitName = Annotated[str, Meta(min_length=1, max_length=1_000)]

TAG = "tag:"
"""How the name of the limit on task runs with a tag begins."""

OCCUPANCY_SECONDS = 2.0
"""How long a slot is thought to be taken before anybody knows."""

MEMORIES = 2_048
"""Among how many `SlotsDecided` the proposals are spread: one is written with each decision."""

DECIDED_MAX = 8
"""How many proposals each of them remembers."""


class Holder(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a lease is for."""

    type: Literal["flow_run", "task_run", "deployment"]
    id: UUID


class Limit(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit and its counts as of *updated*; names are unique, occupancy is in seconds."""

    id: UUID
    name: str
    limit: Slots
    active: bool = True
    active_slots: Slots = 0
    denied_slots: Slots = 0
    slot_decay_per_second: Decay = 0.0
    avg_slot_occupancy_seconds: float = OCCUPANCY_SECONDS
    created: Instant
    updated: Instant


class Lease(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So many *slots* of each of *limits*, until *expires*; without it, until they are given."""

    id: UUID
    limits: tuple[UUID, ...] = ()
    slots: Slots = 1
    holder: Holder | None = None
    created: Instant
    expires: Instant | None = None


class Held(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one lease holds of one limit."""

    slots: Slots
    holder: Holder | None = None


class ConcurrencyLimit(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="concurrency_limit.v1"
):
    """A limit, and what each lease holds of it.

    *decided* was written before there was `SlotsDecided`; it is not any more.
    """

    limit: Limit
    version: int = 0
    leases: dict[UUID, Held] = {}
    decided: dict[str, str] = {}


class ConcurrencyLease(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="concurrency_lease.v1"
):
    """A lease that is held; of *decided* the same is true as of a limit's."""

    lease: Lease
    version: int = 0
    decided: dict[str, str] = {}


class SlotsDecided(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="slots_decided.v1"):
    """The latest of those proposals about limits and leases that are remembered in one place.

    A lease that has ended and a limit that never was remember nothing themselves.
    """

    decided: dict[str, str] = {}


class Found(StrEnum):
    """What became of a wish for slots; the values are the wire format."""

    GRANTED = "granted"
    RENEWED = "renewed"
    FULL = "full"
    EXCEEDED = "exceeded"
    UNDECAYING = "undecaying"
    UNLIMITED = "unlimited"


class LimitSeen(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A limit as it was when slots were wished for, those that had decayed not counted."""

    id: UUID
    name: str
    limit: Slots
    active: bool = True
    active_slots: Slots = 0
    avg_slot_occupancy_seconds: float = OCCUPANCY_SECONDS


class SlotsFound(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a wish for slots: the lease, if one was granted, and the limits asked."""

    found: Found
    lease_id: UUID | None = None
    limits: tuple[LimitSeen, ...] = ()
    retry_after_seconds: float | None = None


def limit_key(id: UUID) -> str:
    """The key of a limit."""
    return f"concurrency_limit:{id}"


def limit_name_key(name: str) -> str:
    """The key of a limit by its name."""
    return f"concurrency_limit_name:{name}"


def lease_key(id: UUID) -> str:
    """The key of a lease."""
    return f"concurrency_lease:{id}"


def slots_decided_key(proposal_id: str) -> str:
    """The key of what remembers the proposal *proposal_id*."""
    return f"slots_decided:{int(fraction_of(proposal_id) * MEMORIES)}"
