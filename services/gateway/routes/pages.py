"""Numbered pages: how large one is, which part of a list it is, and how many there are."""

from math import ceil

from msgspec import Struct

from events.queries import LIMIT_MAX

from ..http.errors import detail


class Numbered(Struct, frozen=True):
    """A page that was asked for; the first is 1."""

    limit: int
    page: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit

    def pages(self, count: int) -> int:
        """How many pages *count* things fill."""
        return ceil(count / self.limit) if self.limit else 0


def numbered(limit: int | None, page: int | None) -> Numbered:
    """The page asked for; raises `Refused` when it is larger than a page may be."""
    return Numbered(sized(limit), page or 1)


def sized(limit: int | None) -> int:
    """How many things are asked for; raises `Refused` when they are more than a page may have."""
    size = LIMIT_MAX if limit is None else limit
    if not 0 <= size <= LIMIT_MAX:
        bound = f"less than or equal to {LIMIT_MAX}" if size > 0 else "greater than or equal to 0"
        raise detail(422, f"Invalid limit: must be {bound}.")
    return size
