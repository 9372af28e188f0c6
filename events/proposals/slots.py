"""Proposals about concurrency limits, and the leases that hold their slots."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from ..policies import SECONDS_MAX
from ..slots import Decay, Holder, LimitName, Slots, SomeSlots
from .proposal import AnyProposal


class CreateLimit(AnyProposal, frozen=True, kw_only=True, tag="create_limit.v1"):
    """Create a concurrency limit. Names are unique; *limit_id* is its id, if that matters."""

    name: LimitName
    limit: Slots
    limit_id: UUID | None = None
    active: bool = True
    active_slots: Slots = 0
    denied_slots: Slots = 0
    slot_decay_per_second: Decay = 0.0


class AmendLimit(AnyProposal, frozen=True, kw_only=True, tag="amend_limit.v1"):
    """Change a concurrency limit. What leases hold of it stays counted."""

    limit_id: UUID
    name: LimitName | UnsetType = UNSET
    limit: Slots | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    active_slots: Slots | UnsetType = UNSET
    denied_slots: Slots | UnsetType = UNSET
    slot_decay_per_second: Decay | UnsetType = UNSET


class DeleteLimit(AnyProposal, frozen=True, kw_only=True, tag="delete_limit.v1"):
    """Forget a concurrency limit; leases of other limits stay."""

    limit_id: UUID


class ResetLimit(AnyProposal, frozen=True, kw_only=True, tag="reset_limit.v1"):
    """End all leases of a concurrency limit; then one slot is taken for each of *task_run_ids*."""

    limit_id: UUID
    task_run_ids: list[UUID] = []


Seconds = Annotated[float, Meta(ge=0, le=SECONDS_MAX)]


class TakeSlots(AnyProposal, frozen=True, kw_only=True, tag="take_slots.v1"):
    """Take *slots* of every limit named by name or by id, or none at all.

    With *lease_id*, a lease of this id holds them for *ttl_seconds*, or until they are given.
    While the lease *instead_of* is held, that one is renewed, and nothing is taken. Names that no
    limit has limit nothing.
    """

    names: list[LimitName] = []
    limit_ids: list[UUID] = []
    slots: SomeSlots = 1
    mode: Literal["concurrency", "rate_limit"] = "concurrency"
    lease_id: UUID | None = None
    ttl_seconds: Seconds | None = None
    holder: Holder | None = None
    instead_of: UUID | None = None


LimitNames = Annotated[list[LimitName], Meta(min_length=1)]


class GiveSlots(AnyProposal, frozen=True, kw_only=True, tag="give_slots.v1"):
    """Give *slots* of these limits back that were taken without a lease."""

    names: LimitNames
    slots: SomeSlots = 1
    occupancy_seconds: Seconds | None = None


class RenewLease(AnyProposal, frozen=True, kw_only=True, tag="renew_lease.v1"):
    """Hold a lease for another *ttl_seconds* from now; without them, until it is given."""

    lease_id: UUID
    ttl_seconds: Seconds | None = None


class EndLease(AnyProposal, frozen=True, kw_only=True, tag="end_lease.v1"):
    """Give back what a lease holds. *is_timed*: how long it was held counts for estimates."""

    lease_id: UUID
    is_timed: bool = False


class EndLeasesOf(AnyProposal, frozen=True, kw_only=True, tag="end_leases_of.v1"):
    """Give back what leases of *holder* hold, of those that hold any of these limits."""

    names: LimitNames
    holder: Holder


class ReapLease(AnyProposal, frozen=True, kw_only=True, tag="reap_lease.v1"):
    """Give back what a lease holds, if it has expired."""

    lease_id: UUID


SlotProposal = (
    CreateLimit
    | AmendLimit
    | DeleteLimit
    | ResetLimit
    | TakeSlots
    | GiveSlots
    | RenewLease
    | EndLease
    | EndLeasesOf
    | ReapLease
)
"""What concerns limits and leases; all of it is decided in the control partition."""
