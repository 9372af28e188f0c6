"""How routes find, list and change resources; what is missing or refused is a 404 or a 409."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar
from uuid import UUID

from msgspec import to_builtins

from events.changes import ResourceStored
from events.decisions import Decision, Outcome
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.queries import ResourceQuery
from events.resources.administration.configuration import Configuration
from events.resources.administration.ip_allowlist import IpAllowlist
from events.resources.artifacts import Artifact
from events.resources.automations import Automation
from events.resources.blocks import BlockDocument, BlockSchema, BlockType, ResultStorage
from events.resources.deployments import Deployment
from events.resources.notifications import FlowRunNotificationPolicy
from events.resources.registry import AnyResource, kind_of
from events.resources.resource import Resource, kind_name
from events.resources.saved_searches import SavedSearch
from events.resources.variables import Variable
from events.resources.work_pools import Agent, Worker, WorkPool, WorkQueue

from .context import Context
from .http.errors import CONFLICT, NO_CONTENT, Refused, Reply, detail, failed
from .views import everything

R = TypeVar("R", bound=Resource)
S = TypeVar("S", bound=AnyResource)

Changed = Mapping[str, Any]
"""Fields, and what they are from now on."""

UNKNOWN = ("KnowParents", "KnowResources")
"""Rules that refuse because something is not there."""

CHANGED = "AmendWhatWasRead"

MISSING: dict[type[Resource], Reply] = {
    Agent: detail(404, "Agent not found.").reply,
    Artifact: detail(404, "Artifact not found.").reply,
    Automation: failed(404, "Automation not found").reply,
    BlockDocument: detail(404, "Block document not found").reply,
    BlockSchema: detail(404, "Block schema not found").reply,
    BlockType: detail(404, "Block type not found").reply,
    Configuration: detail(404, "Configuration not found.").reply,
    Deployment: detail(404, "Deployment not found").reply,
    IpAllowlist: detail(404, "IP allow list not found.").reply,
    FlowRunNotificationPolicy: detail(404, "Flow run notification policy not found.").reply,
    ResultStorage: detail(404, "Result storage not found.").reply,
    SavedSearch: detail(404, "Saved search not found").reply,
    Variable: detail(404, "Variable not found.").reply,
    Worker: detail(404, "Worker not found.").reply,
    WorkPool: detail(404, "Work pool not found.").reply,
    WorkQueue: detail(404, "work queue not found").reply,
}
"""What is answered where a resource is not there."""

ATTEMPTS_MAX = 10
"""How often a change is tried that others may overtake."""


async def existing(context: Context, type: type[R], id: UUID | None = None, **key: object) -> R:
    """The resource *id*, or else of this natural key; raises `Refused` when it is not there."""
    if id is None:
        found = await context.resource_named(type, **key)
    else:
        found = await context.resource(type, id)
    if found is None:
        raise missing(type)
    return found


def missing(type: type[Resource]) -> Refused:
    """The refusal of a resource that is not there."""
    return Refused(MISSING[type])


async def listed(
    context: Context, type: type[R], query: ResourceQuery, parent_id: UUID | None = None
) -> list[R]:
    """The page that *query*, which is about a *type*, asks for; our own writes are in it."""
    await context.writes.are_visible()
    found = await context.views.resources(query, parent_id)
    return [one for one in found if isinstance(one, type)]


async def all_listed(
    context: Context, type: type[R], query: ResourceQuery, parent_id: UUID | None = None
) -> list[R]:
    """As `listed`, but all pages."""
    await context.writes.are_visible()
    ask = partial(context.views.resources, parent_id=parent_id)
    return [one async for one in everything(ask, query) if isinstance(one, type)]


async def counted(context: Context, query: ResourceQuery) -> int:
    """How many resources *query* asks for, whatever its page; our own writes count."""
    await context.writes.are_visible()
    return await context.views.count_resources(query)


async def ask(
    context: Context,
    proposal: StoreResource | AmendResource | RemoveResource,
    exists: str | None = None,
) -> Decision:
    """The decision on *proposal*; raises `Refused` unless accepted, with what *exists* says."""
    decision = (await context.ask(proposal)).decided()
    if decision.outcome is not Outcome.ACCEPT:
        is_unknown = exists is None and decision.rule in UNKNOWN
        raise detail(404 if is_unknown else 409, exists or decision.reason or CONFLICT)
    return decision


async def store(
    context: Context,
    resource: S,
    *,
    along: Sequence[AnyResource] = (),
    if_exists: Literal["refuse", "keep", "amend"] = "refuse",
    given: Sequence[str] = (),
    as_last: bool = False,
    exists: str | None = None,
) -> tuple[S, int]:
    """*resource* as it is now, or the one that it met; with 201 when it is new, and 200 if not.

    Asked as `ask` asks. What the decision says is not read again.
    """
    proposal = StoreResource(
        id=str(context.new_id()),
        at=context.now(),
        resource=resource,
        along=list(along),
        if_exists=if_exists,
        given=list(given),
        as_last=as_last,
    )
    decision = await ask(context, proposal, exists)
    for change in decision.changes:
        after = change.resource if isinstance(change, ResourceStored) else None
        if isinstance(after, type(resource)) and after.id == decision.subject_id:
            return after, 201 if after.revision == 1 else 200
    return await existing(context, type(resource), decision.subject_id), 200


async def amend(
    context: Context, type: type[Resource], id: UUID, fields: Mapping[str, Any]
) -> None:
    """Set *fields* of a resource, whatever they were."""
    await ask(
        context,
        AmendResource(
            id=str(context.new_id()),
            at=context.now(),
            kind=kind_name(type),
            resource_id=id,
            fields=to_builtins(dict(fields)),
        ),
    )


async def change(
    context: Context, type: type[R], id: UUID, changed: Callable[[R], Changed | Awaitable[Changed]]
) -> bool:
    """Set what *changed* makes of the resource as it is, and of no older one; False without it.

    *changed* is asked again when somebody was faster. Where it names nothing, nothing is proposed.
    """
    for _ in range(ATTEMPTS_MAX):
        current = await context.resource(type, id)
        if current is None:
            return False
        fields = changed(current)
        if isinstance(fields, Awaitable):
            fields = await fields
        if not fields:
            return True
        proposal = AmendResource(
            id=str(context.new_id()),
            at=context.now(),
            kind=kind_of(current).name,
            resource_id=id,
            fields=to_builtins(dict(fields)),
            revision=current.revision,
        )
        decision = (await context.ask(proposal)).decided()
        if decision.rule != CHANGED:
            return decision.outcome is Outcome.ACCEPT
    raise detail(409, CONFLICT)


async def remove(context: Context, type: type[Resource], id: UUID) -> None:
    """Forget a resource and all that go with it; raises `Refused` when there is none."""
    await ask(
        context,
        RemoveResource(
            id=str(context.new_id()), at=context.now(), kind=kind_name(type), resource_id=id
        ),
    )


async def removed(
    context: Context, type: type[Resource], id: UUID | None = None, **key: object
) -> Reply:
    """The answer once a resource, found as `existing` finds it, is forgotten."""
    await remove(context, type, (await existing(context, type, id, **key)).id)
    return NO_CONTENT
