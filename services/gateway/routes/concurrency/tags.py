"""Limits on tags in their older form: each is a limit whose name begins with `tag:`."""

from uuid import UUID

from events.decisions import Outcome
from events.proposals import (
    AmendLimit,
    CreateLimit,
    DeleteLimit,
    EndLeasesOf,
    ResetLimit,
    TakeSlots,
)
from events.queries import LimitQuery, Page
from events.slots import TAG, ConcurrencyLimit, Found, Holder

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, detail
from ...http.operations import Operation
from ...rendering.limits import (
    LimitTakenResponse,
    TagLimitResponse,
    tag_limit_response,
)
from .bodies import Reset, TagLimitCreate, TagSlots
from .limits import stored
from .reading import leases_of, limits_listed, limits_named, limits_of
from .slots import locked

GROUP = "Concurrency Limits"
RETRY_AFTER_SECONDS = 10.0
NOTHING = answered(None)


async def create_tag_limit(context: Context, call: Call) -> Reply:
    """Create the limit of a tag, or change it: 201 or 200."""
    given = call.as_a(TagLimitCreate)
    name, most = TAG + given.tag, given.concurrency_limit
    answer = await context.ask(CreateLimit(id=str(context.new_id()), name=name, limit=most))
    decision, is_new = answer.decided(), True
    if decision.outcome is Outcome.REJECT:
        limit, is_new = await _tag_limit(context, given.tag), False
        amend = AmendLimit(id=str(context.new_id()), limit_id=limit.limit.id, limit=most)
        decision = (await context.ask(amend)).decided()
    (limit,) = await limits_of(context, [stored(decision).id])
    return answered(await _response(context, limit), 201 if is_new else 200)


async def read_tag_limit(context: Context, call: Call) -> Reply:
    """The limit."""
    return answered(await _response(context, await _limit(context, call.id)))


async def read_limit_of_tag(context: Context, call: Call) -> Reply:
    """The limit of the tag."""
    return answered(await _response(context, await _tag_limit(context, call.path("tag"))))


async def filter_tag_limits(context: Context, call: Call) -> Reply:
    """A page of limits on tags."""
    page = call.as_query(Page)
    query = LimitQuery(limit=page.limit, offset=page.offset, prefix=TAG)
    found = await limits_listed(context, query)
    return answered([await _response(context, each) for each in found])


async def reset_limit_of_tag(context: Context, call: Call) -> Reply:
    """Free all slots of the limit of the tag; then those named take one each."""
    limit, given = await _tag_limit(context, call.path("tag")), call.as_query(Reset)
    await context.ask(
        ResetLimit(
            id=str(context.new_id()),
            limit_id=limit.limit.id,
            task_run_ids=given.slot_override or [],
        )
    )
    return NOTHING


async def delete_tag_limit(context: Context, call: Call) -> Reply:
    """Forget the limit."""
    return await _delete(context, await _limit(context, call.id))


async def delete_limit_of_tag(context: Context, call: Call) -> Reply:
    """Forget the limit of the tag."""
    return await _delete(context, await _tag_limit(context, call.path("tag")))


async def increment_tags(context: Context, call: Call) -> Reply:
    """Take a slot of the limit of every tag for a task run."""
    given = call.as_a(TagSlots)
    names = [TAG + tag for tag in given.names]
    if not await limits_named(context, names):
        return answered([])
    answer = await context.ask(
        TakeSlots(
            id=str(context.new_id()),
            names=names,
            lease_id=context.new_id(),
            holder=Holder(type="task_run", id=given.task_run_id),
        )
    )
    found = answer.decided().facts.slots
    limits = {each.name: each for each in (found.limits if found else ())}
    asked = [limits[name] for name in names if name in limits]
    if found is not None and found.found is Found.EXCEEDED:
        tag = next(each.name.removeprefix(TAG) for each in asked if not each.limit)
        raise detail(
            423,
            f'The concurrency limit on tag "{tag}" is 0 and will deadlock if the task tries to run'
            " again.",
        )
    if found is not None and found.found is Found.FULL:
        full = (each for each in asked if each.active and each.active_slots >= each.limit)
        tag = next(each.name.removeprefix(TAG) for each in full)
        text = f"Concurrency limit for the {tag} tag has been reached"
        raise locked(text, RETRY_AFTER_SECONDS)
    return answered(
        [LimitTakenResponse(each.id, each.name.removeprefix(TAG), each.limit) for each in asked]
    )


async def decrement_tags(context: Context, call: Call) -> Reply:
    """Give back the slots of the limits of these tags that a task run holds."""
    given = call.as_a(TagSlots)
    names = [TAG + tag for tag in given.names]
    found = await limits_named(context, names)
    if found:
        holder = Holder(type="task_run", id=given.task_run_id)
        await context.ask(EndLeasesOf(id=str(context.new_id()), names=names, holder=holder))
    return answered(
        [LimitTakenResponse(each.limit.id, each.limit.name, each.limit.limit) for each in found]
    )


async def _limit(context: Context, id: UUID) -> ConcurrencyLimit:
    found = await limits_of(context, [id])
    if not found or not found[0].limit.name.startswith(TAG):
        raise detail(404, "Concurrency limit not found")
    return found[0]


async def _tag_limit(context: Context, tag: str) -> ConcurrencyLimit:
    found = await limits_named(context, [TAG + tag])
    if not found:
        raise detail(404, "Concurrency limit not found")
    return found[0]


async def _delete(context: Context, limit: ConcurrencyLimit) -> Reply:
    await context.ask(DeleteLimit(id=str(context.new_id()), limit_id=limit.limit.id))
    return NOTHING


async def _response(context: Context, limit: ConcurrencyLimit) -> TagLimitResponse:
    holders = [held.lease.holder for held in await leases_of(context, limit)]
    ids = [each.id for each in holders if each is not None and each.type == "task_run"]
    return tag_limit_response(limit.limit, ids)


OPERATIONS = (
    Operation(method="POST", path="/concurrency_limits/", handler=create_tag_limit,
              summary="Create Concurrency Limit", tag=GROUP, takes=TagLimitCreate,
              gives=TagLimitResponse, statuses=(201, 200)),
    Operation(method="POST", path="/concurrency_limits/filter", handler=filter_tag_limits,
              summary="Read Concurrency Limits", tag=GROUP, takes=Page,
              gives=list[TagLimitResponse]),
    Operation(method="POST", path="/concurrency_limits/increment", handler=increment_tags,
              summary="Increment Concurrency Limits V1", tag=GROUP, takes=TagSlots,
              gives=list[LimitTakenResponse], refusals=(423,)),
    Operation(method="POST", path="/concurrency_limits/decrement", handler=decrement_tags,
              summary="Decrement Concurrency Limits V1", tag=GROUP, takes=TagSlots,
              gives=list[LimitTakenResponse]),
    Operation(method="GET", path="/concurrency_limits/tag/{tag}", handler=read_limit_of_tag,
              summary="Read Concurrency Limit By Tag", tag=GROUP, gives=TagLimitResponse),
    Operation(method="DELETE", path="/concurrency_limits/tag/{tag}",
              handler=delete_limit_of_tag, summary="Delete Concurrency Limit By Tag",
              tag=GROUP),
    Operation(method="POST", path="/concurrency_limits/tag/{tag}/reset",
              handler=reset_limit_of_tag, summary="Reset Concurrency Limit By Tag",
              tag=GROUP, takes=Reset),
    Operation(method="GET", path="/concurrency_limits/{id:uuid}", handler=read_tag_limit,
              summary="Read Concurrency Limit", tag=GROUP, gives=TagLimitResponse),
    Operation(method="DELETE", path="/concurrency_limits/{id:uuid}", handler=delete_tag_limit,
              summary="Delete Concurrency Limit", tag=GROUP),
)  # fmt: skip
