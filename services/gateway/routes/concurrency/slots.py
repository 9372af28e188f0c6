"""Slots of limits: taken with or without a lease, given, and leases renewed."""

from msgspec import structs

from events.decisions import Outcome
from events.proposals import EndLease, GiveSlots, RenewLease, TakeSlots
from events.slots import Found, SlotsFound

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Refused, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.limits import LeaseResponse, LimitTakenResponse, taken_response
from .bodies import (
    LEASE_SECONDS,
    Decrement,
    DecrementWithLease,
    Increment,
    IncrementWithLease,
    Renew,
)
from .limits import TAG
from .reading import limits_named


async def increment(context: Context, call: Call) -> Reply:
    """Take slots of every limit named, until they are given back."""
    given = call.as_a(Increment)
    proposal = TakeSlots(
        id=str(context.new_id()), names=given.names, slots=given.slots, mode=given.mode
    )
    found = await taken(context, proposal)
    return answered([taken_response(each) for each in found.limits])


async def increment_with_lease(context: Context, call: Call) -> Reply:
    """Take slots of every limit named, for as long as the lease is renewed."""
    given, lease_id = call.as_a(IncrementWithLease), context.new_id()
    proposal = TakeSlots(
        id=str(context.new_id()),
        names=given.names,
        slots=given.slots,
        mode=given.mode,
        lease_id=lease_id,
        ttl_seconds=given.lease_duration or LEASE_SECONDS,
        holder=given.holder,
    )
    found = await taken(context, proposal)
    return answered(LeaseResponse(lease_id, [taken_response(each) for each in found.limits]))


async def decrement(context: Context, call: Call) -> Reply:
    """Give slots back that were taken without a lease."""
    given = call.as_a(Decrement)
    answer = await context.ask(
        GiveSlots(
            id=str(context.new_id()),
            names=given.names,
            slots=given.slots,
            occupancy_seconds=given.occupancy_seconds,
        )
    )
    found = answer.decided().facts.slots
    return answered([taken_response(each) for each in (found.limits if found else ())])


async def decrement_with_lease(context: Context, call: Call) -> Reply:
    """Give back what a lease holds; one that nobody holds is as good."""
    given = call.as_a(DecrementWithLease)
    await context.ask(EndLease(id=str(context.new_id()), lease_id=given.lease_id, is_timed=True))
    return NO_CONTENT


async def renew_lease(context: Context, call: Call) -> Reply:
    """Let a lease last longer; 410 when nobody holds it any more."""
    seconds = call.as_query(Renew).lease_duration or LEASE_SECONDS
    answer = await context.ask(
        RenewLease(
            id=str(context.new_id()),
            lease_id=call.scope["path_params"]["lease_id"],
            ttl_seconds=seconds,
        )
    )
    decision = answer.decided()
    if decision.outcome is Outcome.REJECT:
        raise detail(410, decision.reason or "")
    return NO_CONTENT


async def taken(context: Context, proposal: TakeSlots) -> SlotsFound:
    """What became of *proposal*; raises `Refused` unless it was granted.

    Names that no limit has are seen here: every task with a tag asks, and most tags have none.
    """
    if not await limits_named(context, proposal.names):
        return SlotsFound(found=Found.UNLIMITED)
    decision = (await context.ask(proposal)).decided()
    found = decision.facts.slots or SlotsFound(found=Found.UNLIMITED)
    if found.found is Found.FULL:
        raise locked("Locked", found.retry_after_seconds or 0.0)
    if decision.outcome is Outcome.REJECT:
        raise detail(422, decision.reason or "")
    return found


def locked(text: str, retry_after_seconds: float) -> Refused:
    """The 423 of a limit without room."""
    reply = detail(423, text).reply
    after = str(retry_after_seconds).encode()
    return Refused(structs.replace(reply, headers=((b"retry-after", after),)))


OPERATIONS = (
    Operation(method="POST", path="/v2/concurrency_limits/increment-with-lease",
              handler=increment_with_lease, summary="Bulk Increment Active Slots With Lease",
              tag=TAG, takes=IncrementWithLease, gives=LeaseResponse, refusals=(423,),
              is_busy=True),
    Operation(method="POST", path="/v2/concurrency_limits/decrement-with-lease",
              handler=decrement_with_lease, summary="Bulk Decrement Active Slots With Lease",
              tag=TAG, takes=DecrementWithLease, statuses=(204,), is_busy=True),
    Operation(method="POST", path="/v2/concurrency_limits/leases/{lease_id:uuid}/renew",
              handler=renew_lease, summary="Renew Concurrency Lease", tag=TAG, takes=Renew,
              statuses=(204,), refusals=(410,)),
    Operation(method="POST", path="/v2/concurrency_limits/increment", handler=increment,
              summary="Bulk Increment Active Slots", tag=TAG, takes=Increment,
              gives=list[LimitTakenResponse], refusals=(423,)),
    Operation(method="POST", path="/v2/concurrency_limits/decrement", handler=decrement,
              summary="Bulk Decrement Active Slots", tag=TAG, takes=Decrement,
              gives=list[LimitTakenResponse]),
)  # fmt: skip
