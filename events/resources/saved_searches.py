"""Saved searches: filters that people keep under a name."""

from typing import Any

from msgspec import Struct

from .resource import Kind, Resource


class SavedSearchFilter(Struct, frozen=True, kw_only=True):
    """One demand of a search, in the words of whoever shows it."""

    object: str
    property: str
    type: str
    operation: str
    value: Any


class SavedSearch(Resource, frozen=True, kw_only=True, tag="saved_search.v1"):
    """A saved search. Names are unique."""

    name: str
    filters: list[SavedSearchFilter] = []


SAVED_SEARCH = Kind(type=SavedSearch, keys=(("name",),))
