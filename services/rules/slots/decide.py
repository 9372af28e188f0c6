"""The answer to a proposal that concerns limits and leases."""

from datetime import datetime
from typing import assert_never

from events.decisions import Decision, Undecidable
from events.proposals import (
    AmendLimit,
    CreateLimit,
    DeleteLimit,
    EndLease,
    EndLeasesOf,
    GiveSlots,
    ReapLease,
    RenewLease,
    ResetLimit,
    SlotProposal,
    TakeSlots,
)

from ..terms import Terms
from .giving import end_lease, end_leases_of, give_slots, reap_lease
from .known import Known
from .limits import amend_limit, create_limit, delete_limit, reset_limit
from .taking import renew_lease, take_slots


def decide_slots(
    known: Known, proposal: SlotProposal, at: datetime, terms: Terms
) -> Decision | Undecidable:
    """The answer to *proposal*, taken in at *at*."""
    match proposal:
        case TakeSlots():
            return take_slots(known, proposal, at, terms)
        case EndLease():
            return end_lease(known, proposal, at, terms)
        case RenewLease():
            return renew_lease(known, proposal, at)
        case ReapLease():
            return reap_lease(known, proposal, at, terms)
        case EndLeasesOf():
            return end_leases_of(known, proposal, at, terms)
        case GiveSlots():
            return give_slots(known, proposal, at, terms)
        case CreateLimit():
            return create_limit(known, proposal, at)
        case AmendLimit():
            return amend_limit(known, proposal, at)
        case DeleteLimit():
            return delete_limit(known, proposal, at)
        case ResetLimit():
            return reset_limit(known, proposal, at, terms)
    assert_never(proposal)
