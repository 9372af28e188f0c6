"""Criteria: what one field of a filter may demand. Demands of one criterion must all hold.

An empty `any_` matches nothing. `before_` and `after_` include the instant that they name.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from ..states import StateType

Operator = Literal["and_", "or_"]
"""Whether all demands must hold, which is meant when it is absent, or any of them."""

CONDITIONS_MAX = 200
"""Of one list whose texts are looked for one by one: databases take so many conditions, no more."""

Few = Annotated[list[str], Meta(max_length=CONDITIONS_MAX)]
"""Texts that are looked for one by one."""

_term = re.compile(r"([+!-]?)(?:\"([^\"]+)\"|([^\s\"]+))")


class Criterion(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a field may demand; None demands nothing."""


class Combined(Criterion, frozen=True, kw_only=True):
    """A criterion that says how its demands are combined."""

    operator: Operator | None = None


class IdIs(Criterion, frozen=True, kw_only=True):
    """The id is one of these, or none of those."""

    any_: list[UUID] | None = None
    not_any_: list[UUID] | None = None


class IdIsAny(Criterion, frozen=True, kw_only=True):
    """The id is one of these."""

    any_: list[UUID] | None = None


class ParentIs(Combined, frozen=True, kw_only=True):
    """The parent is one of these."""

    any_: list[UUID] | None = None


class WorkerStatusIs(Criterion, frozen=True, kw_only=True):
    """The worker is one of these, or none of those."""

    any_: list[Literal["ONLINE", "OFFLINE"]] | None = None
    not_any_: list[Literal["ONLINE", "OFFLINE"]] | None = None


class NullableIdIs(Combined, frozen=True, kw_only=True):
    """The id is one of these, or there is none."""

    any_: list[UUID] | None = None
    is_null_: bool | None = None


class TaskRunIdIs(Criterion, frozen=True, kw_only=True):
    """The task run is one of these, or there is none."""

    any_: list[UUID] | None = None
    is_null_: bool | None = None


class NameIs(Criterion, frozen=True, kw_only=True):
    """The name is one of these, or is like that: whatever its case, `%` and `_` any text."""

    any_: list[str] | None = None
    like_: str | None = None


class KeyIs(NameIs, frozen=True, kw_only=True):
    """The key is so, or there is one, or there is none."""

    exists_: bool | None = None


class NameStarts(Criterion, frozen=True, kw_only=True):
    """The name is one of these, or begins with one of those, whatever its case."""

    any_: list[str] | None = None
    startswith_: Few | None = None


class TextIsAny(Criterion, frozen=True, kw_only=True):
    """The text is one of these."""

    any_: list[str] | None = None


class Holds(Criterion, frozen=True, kw_only=True):
    """The list holds this text."""

    text: str


class TextIs(Criterion, frozen=True, kw_only=True):
    """The text is one of these, or none of those."""

    any_: list[str] | None = None
    not_any_: list[str] | None = None


class NullableTextIs(Combined, frozen=True, kw_only=True):
    """The text is one of these, or there is none."""

    any_: list[str] | None = None
    is_null_: bool | None = None


class Contains(Criterion, frozen=True, kw_only=True):
    """The text contains this, whatever its case; `%` and `_` stand for any text."""

    like_: str | None = None


class TagsAre(Combined, frozen=True, kw_only=True):
    """All of these tags are there, any of those are, or there is no tag."""

    all_: Few | None = None
    any_: Few | None = None
    is_null_: bool | None = None


class AllOf(Criterion, frozen=True, kw_only=True):
    """All of these are there."""

    all_: Few | None = None


class StateTypeIs(Criterion, frozen=True, kw_only=True):
    """The type is one of these, or none of those."""

    any_: list[StateType] | None = None
    not_any_: list[StateType] | None = None


class StateIs(Combined, frozen=True, kw_only=True):
    """The state's type and name."""

    type: StateTypeIs | None = None
    name: TextIs | None = None


class InstantIs(Criterion, frozen=True, kw_only=True):
    """The instant lies between these; a time without zone is UTC."""

    before_: datetime | None = None
    after_: datetime | None = None


class NullableInstantIs(InstantIs, frozen=True, kw_only=True):
    """The instant lies between these, or there is none."""

    is_null_: bool | None = None


class Exists(Criterion, frozen=True, kw_only=True):
    """There is one, or there is none."""

    exists_: bool | None = None


class IsNull(Combined, frozen=True, kw_only=True):
    """There is none, or there is one."""

    is_null_: bool | None = None


class Equals(Criterion, frozen=True, kw_only=True):
    """The flag has this value."""

    eq_: bool | None = None


Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""What a column of either database holds."""


class NumberIs(Criterion, frozen=True, kw_only=True):
    """The number is at least, or at most, this."""

    ge_: Number | None = None
    le_: Number | None = None


class NullableNumberIs(NumberIs, frozen=True, kw_only=True):
    """The number is at least, or at most, this, or there is none."""

    is_null_: bool | None = None


class CreatedByIs(Combined, frozen=True, kw_only=True):
    """Who made the run is one of these, or of one of these kinds, or unknown."""

    id_: list[UUID] | None = None
    type_: list[str] | None = None
    is_null_: bool | None = None


class Terms(Struct, frozen=True):
    """What a search looks for: one of the wanted ones, all required ones, and no excluded one."""

    wanted: list[str]
    required: list[str]
    excluded: list[str]

    def are_in(self, text: str) -> bool:
        """Whether *text*, in lower case, is what is searched for."""
        return (
            (not self.wanted or any(term in text for term in self.wanted))
            and all(term in text for term in self.required)
            and not any(term in text for term in self.excluded)
        )


class TextSearch(Criterion, frozen=True, kw_only=True):
    """Words to find: `-word` and `!word` must be absent, `+word` present, any other will do."""

    query: Annotated[str, Meta(max_length=200)]

    def terms(self, fold: Callable[[str], str] = str.lower) -> Terms:
        """The words, in lower case as *fold* has it; quotes keep some together."""
        terms = Terms([], [], [])
        kinds = {"": terms.wanted, "+": terms.required, "-": terms.excluded, "!": terms.excluded}
        for sign, quoted, word in _term.findall(fold(self.query)):
            kinds[sign].append(quoted or word)
        return terms


def utc(instant: datetime) -> datetime:
    """*instant* with its zone; without one it is UTC."""
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
