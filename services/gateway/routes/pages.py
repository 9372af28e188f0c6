"""Numbered pages: which part of a list one is, and how many there are."""

from collections.abc import Awaitable, Callable
from math import ceil
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct, structs

from events.queries import LIMIT_MAX, RunFilters
from events.queries.queries import RunPage

from ..context import Context
from ..http.errors import Reply, answered, detail

Q = TypeVar("Q", bound=RunPage)
T = TypeVar("T")


class PageAsked(RunFilters, frozen=True, kw_only=True):
    """A numbered page of what the filters leave, the first being 1."""

    limit: int | None = None
    page: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


class NumberedPage(Struct, Generic[T], frozen=True):
    """One page, and how many things there are."""

    results: list[T]
    count: int
    limit: int
    pages: int
    page: int


async def paginated(
    context: Context,
    asked: PageAsked,
    type: type[Q],
    count: Callable[[Q], Awaitable[int]],
    shown: Callable[[Context, Q], Awaitable[list[T]]],
) -> Reply:
    """The page that is *asked* for: a query of this *type* with the same filters and sort."""
    size, page = sized(asked.limit), asked.page or 1
    wanted: dict[str, Any] = {**structs.asdict(asked), "limit": size, "offset": (page - 1) * size}
    del wanted["page"]
    query = type(**wanted)
    await context.writes.are_visible()
    there = await count(query)
    pages = ceil(there / size) if size else 0
    return answered(NumberedPage(await shown(context, query), there, size, pages, page))


def sized(limit: int | None) -> int:
    """How many things are asked for; raises `Refused` when they are more than a page may have."""
    size = LIMIT_MAX if limit is None else limit
    if not 0 <= size <= LIMIT_MAX:
        bound = f"less than or equal to {LIMIT_MAX}" if size > 0 else "greater than or equal to 0"
        raise detail(422, f"Invalid limit: must be {bound}.")
    return size
