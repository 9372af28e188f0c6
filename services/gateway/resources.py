"""How routes change resources: they ask, and what is refused becomes a 404 or a 409."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from msgspec import to_builtins

from events.changes import ResourceStored
from events.decisions import Decision, Outcome
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.resources.registry import kind_of
from events.resources.resource import Resource, kind_name

from .context import Context
from .http.errors import CONFLICT, detail

R = TypeVar("R", bound=Resource)

UNKNOWN = ("KnowParents", "KnowResources")
"""Rules that refuse because something is not there."""

CHANGED = "AmendWhatWasRead"

ATTEMPTS_MAX = 10
"""How often a change is tried that others may overtake."""


async def ask(
    context: Context, proposal: StoreResource | AmendResource | RemoveResource
) -> Decision:
    """The decision on *proposal*; raises `Refused` unless it is accepted."""
    decision = (await context.ask(proposal)).decided()
    if decision.outcome is not Outcome.ACCEPT:
        status = 404 if decision.rule in UNKNOWN else 409
        raise detail(status, decision.reason or CONFLICT)
    return decision


def is_new(decision: Decision) -> bool:
    """Whether a store made a resource, rather than found or amended one."""
    return any(
        isinstance(change, ResourceStored) and change.resource.revision == 1
        for change in decision.changes
    )


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
    context: Context, type: type[R], id: UUID, changed: Callable[[R], Mapping[str, Any]]
) -> bool:
    """Set what *changed* makes of the resource as it is, and of no older one; False without it.

    *changed* is asked again when somebody was faster.
    """
    for _ in range(ATTEMPTS_MAX):
        current = await context.resource(type, id)
        if current is None:
            return False
        proposal = AmendResource(
            id=str(context.new_id()),
            at=context.now(),
            kind=kind_of(current).name,
            resource_id=id,
            fields=to_builtins(dict(changed(current))),
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
