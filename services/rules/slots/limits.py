"""Limits are made, changed and forgotten; what leases hold of one stays counted."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec import UNSET, structs

from events.changes import Change, LimitRemoved, LimitStored, SlotsGiven, SlotsTaken
from events.decisions import Decision, Outcome, Undecidable
from events.identity import derived_id
from events.proposals import AmendLimit, CreateLimit, DeleteLimit, ResetLimit
from events.slots import ConcurrencyLimit, Holder, Lease, Limit, limit_key

from ..answers.decisions import decision
from ..asking.orchestrate import Said
from ..terms import Terms
from .counting import as_of, counted, least_of, with_fewer, with_more
from .known import Known, lease_of, limit_named, limit_of, limits_of

AMENDED = ("name", "limit", "active", "active_slots", "denied_slots", "slot_decay_per_second")


def create_limit(known: Known, proposal: CreateLimit, at: datetime) -> Decision | Undecidable:
    """Create the limit, unless there is one of its name."""
    existing = limit_named(known, proposal.name)
    if existing is not None:
        return _taken_name(proposal, existing.limit.id, existing.version + 1, at)
    id = proposal.limit_id or derived_id(at, proposal.name, proposal.id, "limit")
    if limit_of(known, id) is not None:
        return Undecidable(reason=f"There is a concurrency limit {id} already", field="limit_id")
    limit = Limit(
        id=id,
        name=proposal.name,
        limit=proposal.limit,
        active=proposal.active,
        active_slots=proposal.active_slots,
        denied_slots=proposal.denied_slots,
        slot_decay_per_second=proposal.slot_decay_per_second,
        created=at,
        updated=at,
    )
    return decision(proposal, limit_key(id), 1, at, changes=(LimitStored(limit=limit),))


def amend_limit(known: Known, proposal: AmendLimit, at: datetime) -> Decision | Undecidable:
    """Change what *proposal* names. The counts are as they were, and decay from now on."""
    limit = limit_of(known, proposal.limit_id)
    if limit is None:
        return unknown_limit(proposal.limit_id)
    version = limit.version + 1
    if proposal.name is not UNSET:
        other = limit_named(known, proposal.name)
        if other is not None and other.limit.id != proposal.limit_id:
            return _taken_name(proposal, proposal.limit_id, version, at)
    fields = structs.asdict(proposal)
    given = {name: fields[name] for name in AMENDED if fields[name] is not UNSET}
    amended = structs.replace(limit.limit, **given, updated=max(limit.limit.updated, at))
    kept = least_of(amended, amended.active_slots, slots_held(limit))
    change = LimitStored(limit=structs.replace(amended, active_slots=kept))
    return decision(proposal, limit_key(proposal.limit_id), version, at, changes=(change,))


def delete_limit(known: Known, proposal: DeleteLimit, at: datetime) -> Decision | Undecidable:
    """Forget the limit."""
    limit = limit_of(known, proposal.limit_id)
    if limit is None:
        return unknown_limit(proposal.limit_id)
    change = LimitRemoved(id=proposal.limit_id, name=limit.limit.name)
    return decision(
        proposal, limit_key(proposal.limit_id), limit.version + 1, at, changes=(change,)
    )


def reset_limit(
    known: Known, proposal: ResetLimit, at: datetime, terms: Terms
) -> Decision | Undecidable:
    """End every lease of the limit and free what was taken without one; then count anew."""
    limit = limit_of(known, proposal.limit_id)
    if limit is None:
        return unknown_limit(proposal.limit_id)
    counts = {limit.limit.id: structs.replace(as_of(limit.limit, at, terms), active_slots=0)}
    changes: list[Change] = []
    leases = {id: lease_of(known, id) for id in limit.leases}
    for id, held in ((id, held) for id, held in leases.items() if held is not None):
        for each in limits_of(known, held.lease):
            now = counts.get(each.limit.id) or as_of(each.limit, at, terms)
            kept = slots_held(each, without=limit.leases)
            counts[each.limit.id] = with_fewer(now, held.lease.slots, kept, None)
        own = [counted(counts[each]) for each in held.lease.limits if each in counts]
        changes.append(SlotsGiven(slots=held.lease.slots, counted=tuple(own), lease_id=id))
    if not changes:
        changes.append(LimitStored(limit=counts[limit.limit.id]))
    now = counts[limit.limit.id]
    for task_run_id in dict.fromkeys(proposal.task_run_ids):
        now = with_more(now, 1)
        lease = Lease(
            id=derived_id(at, proposal.id, task_run_id, "lease"),
            limits=(limit.limit.id,),
            holder=Holder(type="task_run", id=task_run_id),
            created=at,
        )
        changes.append(SlotsTaken(slots=1, counted=(counted(now),), lease=lease))
    subject = limit_key(proposal.limit_id)
    return decision(proposal, subject, limit.version + 1, at, changes=tuple(changes))


def slots_held(limit: ConcurrencyLimit, without: Collection[UUID] = ()) -> int:
    """How many slots of *limit* leases hold; all but those of the leases *without*."""
    return sum(held.slots for id, held in limit.leases.items() if id not in without)


def unknown_limit(id: UUID) -> Undecidable:
    """There is no limit *id* to decide on."""
    return Undecidable(reason=f"Concurrency limit {id} not found", field="limit_id", missing=True)


def _taken_name(
    proposal: CreateLimit | AmendLimit, id: UUID, version: int, at: datetime
) -> Decision:
    said = Said(
        outcome=Outcome.REJECT,
        reason="A concurrency limit of this name exists.",
        rule="UniqueNames",
    )
    return decision(proposal, limit_key(id), version, at, said=said)
