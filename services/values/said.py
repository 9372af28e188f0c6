"""What is said of values and of what they are made from, where they are no good."""

from msgspec import UNSET, Struct, UnsetType

CIRCULAR = "Unable to validate schema with circular references."
"""Why a schema is unusable that refers to itself where a value is to be checked."""


class NotHydrated(Struct, frozen=True):
    """A value cannot be made, and why; it stands where the value would."""

    reason: str


class NotRendered(Struct, frozen=True):
    """A template that renders to nothing, and why."""

    reason: str


class NotValid(Struct, frozen=True):
    """A value does not fit its schema."""

    reason: str


class SchemaUnusable(Struct, frozen=True):
    """A schema says nothing that a value could be checked against."""

    reason: str


class Unreadable(Struct, frozen=True):
    """A template that is none, and where; lines count from 1."""

    line: int
    reason: str


class Within(Struct, frozen=True, kw_only=True):
    """What is wrong within a property, or within an element of a list."""

    property: str | UnsetType = UNSET
    index: int | UnsetType = UNSET
    errors: "list[Problem]"


Problem = str | Within
