"""What clients send about limits and slots, as they send it."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from events.slots import Decay, Holder, LimitName, Slots, SomeSlots

from ..bodies import Name

Names = Annotated[list[LimitName], Meta(min_length=1)]
Tags = list[Annotated[str, Meta(max_length=900)]]
LeaseSeconds = Annotated[float, Meta(ge=60, le=86_400)]

LEASE_SECONDS = 300.0


class LimitCreate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A limit to create."""

    name: Name
    limit: Slots
    active: bool = True
    active_slots: Slots = 0
    denied_slots: Slots = 0
    slot_decay_per_second: Decay = 0.0


class LimitUpdate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of a limit to change; what is absent stays, and nothing can be null."""

    active: bool | None | UnsetType = UNSET
    name: Name | None | UnsetType = UNSET
    limit: Slots | None | UnsetType = UNSET
    active_slots: Slots | None | UnsetType = UNSET
    denied_slots: Slots | None | UnsetType = UNSET
    slot_decay_per_second: Decay | None | UnsetType = UNSET


class Increment(Struct, frozen=True, kw_only=True):
    """Slots to take of every limit named."""

    names: Names
    slots: SomeSlots
    mode: Literal["concurrency", "rate_limit"] = "concurrency"


class IncrementWithLease(Increment, frozen=True, kw_only=True):
    """Slots to take for as long as a lease is renewed, every *lease_duration* seconds at least."""

    lease_duration: LeaseSeconds | None = None
    holder: Holder | None = None


class Decrement(Struct, frozen=True, kw_only=True):
    """Slots to give back, and for how many seconds they were taken."""

    names: Names
    slots: SomeSlots
    occupancy_seconds: Annotated[float, Meta(gt=0)] | None = None


class DecrementWithLease(Struct, frozen=True, kw_only=True):
    """A lease to give back."""

    lease_id: UUID


class Renew(Struct, frozen=True, kw_only=True):
    """For how many seconds more a lease is to last."""

    lease_duration: LeaseSeconds | None = None


class TagLimitCreate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many task runs with a tag may run at once."""

    tag: Annotated[str, Meta(min_length=1, max_length=900)]
    concurrency_limit: Slots


class TagSlots(Struct, frozen=True, kw_only=True):
    """A task run that is to take or give a slot of the limits of these tags."""

    names: Tags
    task_run_id: UUID


class Reset(Struct, frozen=True, kw_only=True):
    """The task runs that are to hold slots once all are free."""

    slot_override: list[UUID] | None = None
