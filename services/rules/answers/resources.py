"""Resources are stored, amended and removed; what is impossible is refused, with the rule named."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from uuid import UUID

from msgspec import structs

from events.changes import Change, ResourceRemoved, ResourceStored
from events.decisions import Decision, Outcome, Undecidable
from events.entities import Entity, Members
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.resources.deployments import Deployment
from events.resources.registry import (
    KINDS,
    AnyResource,
    children_of,
    key_of,
    kind_of,
    members_key,
    parent_of,
    resource_key,
)
from events.resources.resource import OWN_FIELDS, Kind, Resource
from events.wire.codec import undecidable

from ..asking.orchestrate import ACCEPTED, Said
from ..resources import (
    UNREADABLE,
    amended,
    as_last,
    resource_of,
    stored_before,
    taken_name,
    taken_over,
)
from ..slots.deployments import LIMITS, limit_removed, limited
from .decisions import decision

Known = Mapping[str, Entity]

KEEP_NAMES_UNIQUE = "KeepNamesUnique"
KNOW_PARENTS = "KnowParents"
KNOW_RESOURCES = "KnowResources"
AMEND_WHAT_WAS_READ = "AmendWhatWasRead"


def store_resource(known: Known, proposal: StoreResource, at: datetime) -> Decision | Undecidable:
    """Make the resource known, or do with the one that exists what *proposal* says."""
    resource = proposal.resource
    existing = stored_before(known, resource)
    if existing is None:
        limits: tuple[Change, ...] = ()
        refused = None
        if isinstance(resource, Deployment):
            own = limited(known, resource, LIMITS, at)
            resource, limits, refused = own.deployment, own.changes, own.refused
        if proposal.as_last:
            resource = as_last(known, resource)
        made = [_made(each, at) for each in (resource, *proposal.along)]
        refusals = (_refused(known, each, resource.id) for each in made)
        refused = next(filter(None, refusals), refused)
        stored = (ResourceStored(resource=each) for each in made)
        changes: tuple[Change, ...] = () if refused else (*limits, *stored)
        said = refused or ACCEPTED
        return decision(proposal, key_of(resource), 1, at, changes=changes, said=said)
    subject, version = key_of(existing), existing.revision + 1
    if proposal.if_exists == "keep":
        return decision(proposal, subject, version, at)
    if proposal.if_exists == "refuse":
        return decision(proposal, subject, version, at, said=_exists(existing))
    unknown = set(proposal.given).difference(existing.__struct_fields__)
    if unknown:
        return Undecidable(reason=f"no field is called {min(unknown)}", field="given")
    after = taken_over(existing, proposal)
    return _amended(known, proposal, existing, after, proposal.given, at)


def amend_resource(known: Known, proposal: AmendResource, at: datetime) -> Decision | Undecidable:
    """Change what *proposal* names, all of it or, when it may not change, nothing."""
    kind = KINDS.get(proposal.kind)
    if kind is None:
        return _unknown_kind(proposal.kind)
    current = resource_of(known, proposal.kind, proposal.resource_id)
    if current is None:
        return _unknown(proposal, kind, at)
    fixed = (OWN_FIELDS | kind.fixed).intersection(proposal.fields)
    strange = set(proposal.fields).difference(current.__struct_fields__)
    if fixed or strange:
        name = min(fixed or strange)
        return Undecidable(reason=f"{name} cannot be amended", field=f"fields.{name}")
    if proposal.revision is not None and proposal.revision != current.revision:
        reason = f"This {kind.words} has changed since it was read."
        said = Said(outcome=Outcome.REJECT, reason=reason, rule=AMEND_WHAT_WAS_READ)
        return decision(proposal, key_of(current), current.revision + 1, at, said=said)
    try:
        after = amended(current, proposal.fields)
    except UNREADABLE as error:
        return undecidable(error)
    return _amended(known, proposal, current, after, proposal.fields, at)


def remove_resource(known: Known, proposal: RemoveResource, at: datetime) -> Decision | Undecidable:
    """Forget the resource and all that go with it, what goes deepest first."""
    kind = KINDS.get(proposal.kind)
    if kind is None:
        return _unknown_kind(proposal.kind)
    current = resource_of(known, proposal.kind, proposal.resource_id)
    if current is None:
        return _unknown(proposal, kind, at)
    changes = tuple(_removals(known, kind, proposal.resource_id))
    return decision(proposal, key_of(current), current.revision + 1, at, changes=changes)


def _made(resource: AnyResource, at: datetime) -> AnyResource:
    return structs.replace(resource, created=at, updated=at, revision=1, decided={})


def _amended(
    known: Known,
    proposal: StoreResource | AmendResource,
    current: Resource,
    after: Resource,
    given: Collection[str],
    at: datetime,
) -> Decision:
    subject, version = key_of(current), current.revision + 1
    refused = _refused(known, after, current.id, parent_of(current))
    changes: tuple[Change, ...] = ()
    if refused is None and isinstance(after, Deployment):
        own = limited(known, after, given, at)
        after, changes, refused = own.deployment, own.changes, own.refused
    if refused is not None:
        return decision(proposal, subject, version, at, said=refused)
    if after != current:
        whole: AnyResource = structs.replace(after, updated=at, revision=version, decided={})  # pyright: ignore[reportAssignmentType] - what was read is of a kind
        changes = (*changes, ResourceStored(resource=whole))
    return decision(proposal, subject, version, at, changes=changes)


def _refused(
    known: Known,
    resource: Resource,
    asked_for: UUID,
    before: tuple[str, UUID] | None = None,
) -> Said | None:
    """Why *resource* cannot be; its parent may be the one that is *asked_for* with it.

    What outlives its parent may be amended: it is not looked for again where it was *before*.
    """
    if taken_name(known, resource) is not None:
        return _exists(resource)
    parent = parent_of(resource)
    if parent is None or parent == before:
        return None
    if parent[1] != asked_for and parent[0] not in known:
        words = parent[0].partition(":")[0].replace("_", " ")
        reason = f"There is no {words} {parent[1]}."
        return Said(outcome=Outcome.REJECT, reason=reason, rule=KNOW_PARENTS)
    return None


def _exists(resource: Resource) -> Said:
    reason = f"A {kind_of(resource).words} with this name already exists."
    return Said(outcome=Outcome.REJECT, reason=reason, rule=KEEP_NAMES_UNIQUE)


def _unknown(proposal: AmendResource | RemoveResource, kind: Kind, at: datetime) -> Decision:
    reason = f"There is no {kind.words} {proposal.resource_id}."
    said = Said(outcome=Outcome.REJECT, reason=reason, rule=KNOW_RESOURCES)
    return decision(proposal, resource_key(kind.name, proposal.resource_id), 1, at, said=said)


def _unknown_kind(kind: str) -> Undecidable:
    return Undecidable(reason=f"no kind of resource is called {kind}", field="kind")


def removals_below(known: Known, kind: str, id: UUID) -> Iterator[Change]:
    """The changes by which all goes that goes with an entity of *kind*, what is deepest first."""
    for child in children_of(kind):
        members = known.get(members_key(child.name, id))
        if isinstance(members, Members):
            for each in members.ids:
                yield from _removals(known, child, each)


def _removals(known: Known, kind: Kind, id: UUID) -> Iterator[Change]:
    yield from removals_below(known, kind.name, id)
    if kind.type is Deployment:
        yield from limit_removed(known, id)
    yield ResourceRemoved(kind=kind.name, id=id)
