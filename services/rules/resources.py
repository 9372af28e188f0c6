"""Which resources a proposal is about: the one itself, who has its names, and what goes with it."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from msgspec import DecodeError, ValidationError, convert, structs, to_builtins

from events.entities import COUNT_MAX, Alias, Entity, Members
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.resources.deployments import Deployment
from events.resources.registry import (
    KINDS,
    AnyResource,
    children_of,
    key_of,
    kind_of,
    members_key,
    membership_of,
    names_of,
    parent_of,
    resource_key,
)
from events.resources.resource import OWN_FIELDS, Kind, Resource
from events.resources.work_pools import WorkQueue

from .slots.deployments import limit_keys

Known = Mapping[str, Entity]
UNREADABLE = (ValidationError, DecodeError)


def keys_to_store(known: Known, proposal: StoreResource) -> tuple[str, ...]:
    """What storing needs: the names, whom they lead to, and the parents with their lists."""
    keys: list[str] = []
    for resource in (proposal.resource, *proposal.along):
        keys += (key_of(resource), *names_of(resource), *_above(resource))
        for name in names_of(resource):
            alias = known.get(name)
            if isinstance(alias, Alias):
                keys.append(resource_key(kind_of(resource).name, alias.id))
    existing = stored_before(known, proposal.resource)
    if existing is not None and proposal.if_exists == "amend":
        keys += (*_above(existing), *_renamed(taken_over(existing, proposal)))
    keys += _limits(known, proposal.resource, existing)
    if proposal.as_last:
        keys += _beside(known, proposal.resource)
    return tuple(dict.fromkeys(keys))


def keys_to_amend(known: Known, proposal: AmendResource) -> tuple[str, ...]:
    """What amending needs: the resource, and the names that it is to have."""
    key = resource_key(proposal.kind, proposal.resource_id)
    current = resource_of(known, proposal.kind, proposal.resource_id)
    if current is None:
        return (key,) if proposal.kind in KINDS else ()
    try:
        after = amended(current, proposal.fields)
    except UNREADABLE:
        return (key,)
    places = (*_above(current), *_renamed(after))
    return tuple(dict.fromkeys((key, *places, *_limits(known, after, None))))


def keys_to_remove(known: Known, proposal: RemoveResource) -> tuple[str, ...]:
    """What removing needs: the resource and all that go with it, as far as they are known."""
    if proposal.kind not in KINDS:
        return ()
    return tuple(_below(known, KINDS[proposal.kind], proposal.resource_id))


def resource_of(known: Known, kind: str, id: UUID) -> Resource | None:
    """The resource, if there is one."""
    found = known.get(resource_key(kind, id))
    return found if isinstance(found, Resource) else None


def stored_before(known: Known, resource: Resource) -> Resource | None:
    """The resource that has the id or, failing that, a natural key of *resource*."""
    kind = kind_of(resource).name
    found = resource_of(known, kind, resource.id)
    if found is not None:
        return found
    taken = taken_name(known, resource)
    return None if taken is None else resource_of(known, kind, taken.id)


def taken_name(known: Known, resource: Resource) -> Alias | None:
    """Where a natural key of *resource* leads that another one has."""
    for name in names_of(resource):
        alias = known.get(name)
        if isinstance(alias, Alias) and alias.id != resource.id:
            return alias
    return None


def taken_over(existing: Resource, proposal: StoreResource) -> Resource:
    """*existing* with what is given of the resource that was proposed."""
    given = set(existing.__struct_fields__).difference(OWN_FIELDS).intersection(proposal.given)
    return structs.replace(existing, **{name: getattr(proposal.resource, name) for name in given})


def amended(current: Resource, fields: Mapping[str, object]) -> Resource:
    """*current* with these fields as JSON has them; `ValidationError` when one cannot be so."""
    return convert({**to_builtins(current), **fields}, type(current))


def _limits(known: Known, resource: Resource, existing: Resource | None) -> Iterator[str]:
    """The limits of a deployment that is *resource* from now on."""
    if isinstance(resource, Deployment):
        id = resource.id if existing is None else existing.id
        yield from limit_keys(known, id, resource.global_concurrency_limit_id)


def _above(resource: Resource) -> Iterator[str]:
    parent, listed = parent_of(resource), membership_of(resource)
    if parent is not None:
        yield parent[0]
    if listed is not None:
        yield listed


def as_last(known: Known, resource: AnyResource) -> AnyResource:
    """*resource*, if it is a queue behind all others of its pool."""
    if not isinstance(resource, WorkQueue):
        return resource
    others = [known.get(key) for key in _beside(known, resource)]
    last = max((each.priority for each in others if isinstance(each, WorkQueue)), default=0)
    return structs.replace(resource, priority=min(last + 1, COUNT_MAX))


def _beside(known: Known, resource: Resource) -> Iterator[str]:
    """The keys of those that go with the same parent as *resource*, as far as they are known."""
    listed = membership_of(resource)
    members = None if listed is None else known.get(listed)
    if isinstance(members, Members):
        for each in members.ids:
            yield resource_key(kind_of(resource).name, each)


def _renamed(after: Resource) -> tuple[str, ...]:
    return (*names_of(after), *_above(after))


def _below(known: Known, kind: Kind, id: UUID) -> Iterator[str]:
    key = resource_key(kind.name, id)
    yield key
    found = known.get(key)
    if isinstance(found, Resource):
        yield from _above(found)
    if kind.type is Deployment:
        yield from limit_keys(known, id)
    yield from keys_of_children(known, kind.name, id)


def keys_of_children(known: Known, kind: str, id: UUID) -> Iterator[str]:
    """What removing all that goes with an entity of *kind* needs, as far as it is known."""
    for child in children_of(kind):
        listed = members_key(child.name, id)
        yield listed
        members = known.get(listed)
        if isinstance(members, Members):
            for each in members.ids:
                yield from _below(known, child, each)
