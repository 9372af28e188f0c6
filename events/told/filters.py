"""Which events a subscriber wants: by name, by resource, by what is related, by time and text."""

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct, json

from ..instants import Instant
from .event import RESOURCE_ID, RESOURCE_ROLE, Event, Resource


class _Filter(Struct, frozen=True, forbid_unknown_fields=True):
    """A closed family: a demand that is not understood is refused and not passed over."""


DEMANDS_MAX = 200
"""Of one kind: each costs something for each event, in whatever gateway passes it on."""

Labels = Annotated[
    dict[str, str | Annotated[list[str], Meta(max_length=DEMANDS_MAX)]],
    Meta(max_length=DEMANDS_MAX),
]


class OccurredFilter(_Filter, frozen=True):
    """Events of this span, its ends included."""

    since: Instant | None = None
    until: Instant | None = None


class NameFilter(_Filter, frozen=True):
    """Events so called; a prefix such as `prefect.flow-run.` takes a family."""

    prefix: list[str] | None = None
    exclude_prefix: list[str] | None = None
    name: list[str] | None = None
    exclude_name: list[str] | None = None

    def allows(self, name: str) -> bool:
        """Whether events called *name* are wanted."""
        return (
            (not self.prefix or name.startswith(tuple(self.prefix)))
            and (not self.exclude_prefix or not name.startswith(tuple(self.exclude_prefix)))
            and (not self.name or name in self.name)
            and (not self.exclude_name or name not in self.exclude_name)
        )


class ResourceFilter(_Filter, frozen=True):
    """Resources by id, by the beginning of it, by labels, or by role."""

    id: list[str] | None = None
    id_prefix: list[str] | None = None
    labels: Labels | None = None
    role: list[str] | None = None
    resources_in_roles: list[tuple[str, str]] | None = None
    distinct: bool | None = None

    def allows(self, resource: Resource) -> bool:
        """Whether *resource* is meant."""
        id, role = resource.get(RESOURCE_ID, ""), resource.get(RESOURCE_ROLE, "")
        return (
            (not self.id or id in self.id)
            and (not self.id_prefix or id.startswith(tuple(self.id_prefix)))
            and (not self.role or role in self.role)
            and (not self.resources_in_roles or (id, role) in self.resources_in_roles)
            and (not self.labels or _carries(resource, self.labels))
        )

    def allows_any(self, resources: Iterable[Resource]) -> bool:
        """Whether one of *resources* is meant."""
        return any(self.allows(resource) for resource in resources)


class IdFilter(_Filter, frozen=True):
    """Events with these ids; none means all."""

    id: list[UUID] | None = None


class TextFilter(_Filter, frozen=True):
    """Events that contain each word, and none that a minus stands before."""

    query: Annotated[str, Meta(max_length=200)] = ""

    def allows(self, event: Event) -> bool:
        """Whether *event* contains what is asked for, whatever its case."""
        text = json.encode(event).decode().casefold()
        return all(
            word[1:] not in text if word.startswith(("-", "!")) and word[1:] else word in text
            for word in self.query.casefold().split()
        )


Resources = ResourceFilter | Annotated[list[ResourceFilter], Meta(max_length=DEMANDS_MAX)]
"""A demand, or several that must all hold."""


class EventFilter(_Filter, frozen=True):
    """All parts that are given must hold."""

    occurred: OccurredFilter | None = None
    event: NameFilter | None = None
    resource: ResourceFilter | None = None
    related: Resources | None = None
    any_resource: Resources | None = None
    id: IdFilter | None = None
    text: TextFilter | None = None
    order: Literal["ASC", "DESC"] | None = None

    @property
    def looks_within(self) -> bool:
        """Whether more is demanded than of time, id, name, and the own resource's id."""
        own = self.resource
        return bool(
            self.text
            or _listed(self.related)
            or _listed(self.any_resource)
            or (own and (own.labels or own.role or own.resources_in_roles or own.distinct))
        )

    def allows_name(self, name: str) -> bool:
        """Whether an event called *name* can be wanted at all."""
        return self.event is None or self.event.allows(name)

    def allows(self, event: Event) -> bool:
        """Whether *event* is wanted."""
        return (
            self.allows_name(event.event)
            and self._allows_time(event)
            and (self.resource is None or self.resource.allows(event.resource))
            and all(one.allows_any(event.related) for one in _listed(self.related))
            and all(
                one.allows_any([event.resource, *event.related])
                for one in _listed(self.any_resource)
            )
            and (self.id is None or not self.id.id or event.id in self.id.id)
            and (self.text is None or self.text.allows(event))
        )

    def _allows_time(self, event: Event) -> bool:
        span = self.occurred
        return span is None or (
            (span.since is None or event.occurred >= span.since)
            and (span.until is None or event.occurred <= span.until)
        )


def _listed(given: ResourceFilter | list[ResourceFilter] | None) -> list[ResourceFilter]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def _carries(resource: Resource, labels: Labels) -> bool:
    """Whether *resource* has, of each label, a value that is wanted: `pre*`, `value`, or `!not`."""
    for name, values in labels.items():
        wanted = [values] if isinstance(values, str) else values
        here = resource.get(name)
        positive = [each for each in wanted if not each.startswith("!")]
        negative = [each[1:] for each in wanted if each.startswith("!")]
        if here is None or any(_is_like(here, each) for each in negative):
            return False
        if positive and not any(_is_like(here, each) for each in positive):
            return False
    return True


def _is_like(value: str, wanted: str) -> bool:
    return value.startswith(wanted[:-1]) if wanted.endswith("*") else value == wanted
