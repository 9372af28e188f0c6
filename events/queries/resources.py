"""Queries of resources that are asked about nothing but themselves.

A demand is on the field of the same name, so that no more than this has to be said of a kind.
"""

from typing import ClassVar

from .criteria import Combined, Criterion, IdIsAny, NameIs, TagsAre
from .queries import Page
from .sorts import VariableSort


class KindPage(Page, frozen=True, kw_only=True):
    """A page of the resources of *kind* for which the filter in the field *filtered* holds.

    They are in the order of *ordered* when no `sort` is asked for.
    """

    kind: ClassVar[str]
    filtered: ClassVar[str]
    ordered: ClassVar[str] = "NAME_ASC"

    @property
    def demands(self) -> Criterion | None:
        """What is demanded of a resource."""
        return getattr(self, self.filtered)

    @property
    def order(self) -> str:
        """A field's name in capitals, and `_ASC` or `_DESC`."""
        return getattr(self, "sort", None) or self.ordered


class VariableFilter(Combined, frozen=True, kw_only=True):
    """Which variables."""

    id: IdIsAny | None = None
    name: NameIs | None = None
    tags: TagsAre | None = None


class VariableQuery(KindPage, frozen=True, kw_only=True):
    """A page of variables."""

    kind = "variable"
    filtered = "variables"

    variables: VariableFilter | None = None
    sort: VariableSort | None = None
