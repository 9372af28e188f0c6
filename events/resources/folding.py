"""What changes with a resource: itself, the aliases that lead to it, and its parent's list."""

from collections.abc import Mapping
from typing import TypeVar
from uuid import UUID

from msgspec import structs

from ..entities import Alias, Entity, Members
from .registry import key_of, membership_of, names_of, resource_key
from .resource import Resource

Known = Mapping[str, Entity]
Changed = Mapping[str, Entity | None]
E = TypeVar("E", bound=Entity)


def stored(known: Known, changed: Changed, resource: Resource) -> dict[str, Entity | None]:
    """What *resource* changes besides what has *changed* already."""
    key = key_of(resource)
    before = _now(known, changed, key, Resource)
    names, listed = names_of(resource), membership_of(resource)
    was_listed = None if before is None else membership_of(before)
    moved = was_listed != listed
    freed: set[str] = set()
    if before is not None:
        freed = set(names_of(before)).difference(names)
        resource = structs.replace(resource, decided=before.decided)
        names = tuple(name for name in names if name not in names_of(before))
    return {
        **dict.fromkeys(sorted(freed)),
        key: resource,
        **{name: Alias(id=resource.id) for name in names},
        **(_without(known, changed, was_listed, resource.id) if was_listed and moved else {}),
        **(_with(known, changed, listed, resource.id) if listed and moved else {}),
    }


def removed(known: Known, changed: Changed, kind: str, id: UUID) -> dict[str, Entity | None]:
    """What changes when a resource goes besides what has *changed* already."""
    key = resource_key(kind, id)
    before = _now(known, changed, key, Resource)
    if before is None:
        return {key: None}
    listed = membership_of(before)
    return {
        key: None,
        **dict.fromkeys(names_of(before)),
        **(_without(known, changed, listed, id) if listed else {}),
    }


def _with(known: Known, changed: Changed, listed: str, id: UUID) -> dict[str, Entity | None]:
    members = _now(known, changed, listed, Members) or Members()
    return {listed: Members(ids=(*members.ids, id))}


def _without(known: Known, changed: Changed, listed: str, id: UUID) -> dict[str, Entity | None]:
    members = _now(known, changed, listed, Members) or Members()
    left = tuple(each for each in members.ids if each != id)
    return {listed: Members(ids=left) if left else None}


def _now(known: Known, changed: Changed, key: str, type: type[E]) -> E | None:
    found = changed[key] if key in changed else known.get(key)
    return found if isinstance(found, type) else None
