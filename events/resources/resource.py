"""A resource has an id and natural keys that nobody else of its kind has, and perhaps a parent."""

from uuid import UUID

from msgspec import Struct

from ..instants import EPOCH, Instant

DECIDED_MAX = 16
"""How many of a resource's latest proposals are known again when they are repeated."""


class Resource(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What all resources have; a proposal need only say the *id*, the decision says the rest.

    *revision* counts the resource's decisions. *decided* maps the ids of its latest proposals to
    the log entries that answered them, oldest first.
    """

    id: UUID
    created: Instant = EPOCH
    updated: Instant = EPOCH
    revision: int = 0
    decided: dict[str, str] = {}


OWN_FIELDS = frozenset(Resource.__struct_fields__)
"""What no proposal can set but the id, and no amendment at all."""


class Parent(Struct, frozen=True):
    """What a resource goes with: *field* holds the id of an entity of the kind *kind*.

    What is not *is_listed* needs its parent when it is made, and stays when the parent goes: the
    list of members is written whole with each of them, which does not suit thousands.
    """

    kind: str
    field: str
    is_listed: bool = True


class Kind(Struct, frozen=True, kw_only=True):
    """What is true of all resources of one type.

    Each of *keys* is a tuple of fields whose values are unique together; one that is None makes
    no key. Nobody amends *fixed* fields. Lists are filtered by the *shown* ones, and most often
    by what a resource is *called* and, when it has no parent, by the id that it is *under*.
    """

    type: type[Resource]
    keys: tuple[tuple[str, ...], ...] = ()
    parent: Parent | None = None
    fixed: frozenset[str] = frozenset()
    called: str = "name"
    under: str | None = None
    shown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What proposals and keys call the kind: the name on the wire without its version."""
        return kind_name(self.type)

    @property
    def words(self) -> str:
        """The name as a person reads it."""
        return self.name.replace("_", " ")


def kind_name(type: type[Resource]) -> str:
    """The name of the kind of *type*, such as `work_pool`."""
    return str(type.__struct_config__.tag).partition(".")[0]
