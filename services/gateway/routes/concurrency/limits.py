"""Concurrency limits: made, read by id or name, listed, changed and deleted."""

from uuid import UUID

from msgspec import structs

from events.changes import LimitStored
from events.decisions import Decision, Outcome
from events.given import given_fields
from events.proposals import AmendLimit, CreateLimit, DeleteLimit
from events.queries import LimitQuery, Page
from events.slots import ConcurrencyLimit, Limit

from ...context import Context
from ...http.calls import Call
from ...http.errors import CONFLICT, NO_CONTENT, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.limits import (
    LimitResponse,
    NewLimitResponse,
    limit_response,
    new_limit_response,
)
from .bodies import LimitCreate, LimitUpdate
from .reading import limits_listed, limits_named, limits_of

TAG = "Concurrency Limits V2"


async def create_limit(context: Context, call: Call) -> Reply:
    """Create a limit; 409 when there is one of its name."""
    given = call.as_a(LimitCreate)
    decision = await asked(context, CreateLimit(id=str(context.new_id()), **structs.asdict(given)))
    return answered(new_limit_response(stored(decision)), 201)


async def read_limit(context: Context, call: Call) -> Reply:
    """The limit."""
    found = await existing(context, call)
    return answered(limit_response(found.limit, context.now()))


async def filter_limits(context: Context, call: Call) -> Reply:
    """A page of limits."""
    page = call.as_query(Page)
    found = await limits_listed(context, LimitQuery(limit=page.limit, offset=page.offset))
    now = context.now()
    return answered([limit_response(each.limit, now) for each in found])


async def update_limit(context: Context, call: Call) -> Reply:
    """Change the limit."""
    given = given_fields(call.as_a(LimitUpdate))
    found = await existing(context, call)
    if None in given.values():
        raise detail(409, CONFLICT)
    proposal = AmendLimit(id=str(context.new_id()), limit_id=found.limit.id, **given)
    await asked(context, proposal)
    return NO_CONTENT


async def delete_limit(context: Context, call: Call) -> Reply:
    """Forget the limit."""
    found = await existing(context, call)
    await context.ask(DeleteLimit(id=str(context.new_id()), limit_id=found.limit.id))
    return NO_CONTENT


async def existing(context: Context, call: Call) -> ConcurrencyLimit:
    """The limit that the path names by its id or its name, or a 404."""
    given = call.path("id_or_name")
    try:
        found = await limits_of(context, [UUID(given)])
    except ValueError:
        found = await limits_named(context, [given])
    if not found:
        raise detail(404, "Concurrency Limit not found")
    return found[0]


async def asked(context: Context, proposal: CreateLimit | AmendLimit) -> Decision:
    """The decision on *proposal*; a 409 when the name is another limit's."""
    decision = (await context.ask(proposal)).decided()
    if decision.outcome is Outcome.REJECT:
        raise detail(409, CONFLICT)
    return decision


def stored(decision: Decision) -> Limit:
    """The limit that *decision* made or changed."""
    (limit,) = [each.limit for each in decision.changes if isinstance(each, LimitStored)]
    return limit


OPERATIONS = (
    Operation(method="POST", path="/v2/concurrency_limits/", handler=create_limit,
              summary="Create Concurrency Limit V2", tag=TAG, takes=LimitCreate,
              gives=NewLimitResponse, statuses=(201,)),
    Operation(method="POST", path="/v2/concurrency_limits/filter", handler=filter_limits,
              summary="Read All Concurrency Limits V2", tag=TAG, takes=Page,
              gives=list[LimitResponse]),
    Operation(method="GET", path="/v2/concurrency_limits/{id_or_name}", handler=read_limit,
              summary="Read Concurrency Limit V2", tag=TAG, gives=LimitResponse),
    Operation(method="PATCH", path="/v2/concurrency_limits/{id_or_name}", handler=update_limit,
              summary="Update Concurrency Limit V2", tag=TAG, takes=LimitUpdate,
              statuses=(204,)),
    Operation(method="DELETE", path="/v2/concurrency_limits/{id_or_name}", handler=delete_limit,
              summary="Delete Concurrency Limit V2", tag=TAG, statuses=(204,)),
)  # fmt: skip
