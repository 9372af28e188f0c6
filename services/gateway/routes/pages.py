"""Lists of what the views hold: parts of them, numbered pages, and how many there are."""

from collections.abc import Awaitable, Callable
from math import ceil
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta, Struct, structs

from events.queries import LIMIT_MAX, RunFilters
from events.queries.queries import RunPage

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, detail
from ..http.operations import Operation
from ..views import Views

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


def lists(
    name: str,
    query: type[Q],
    asked: type[PageAsked],
    one: type[T],
    page: type[NumberedPage[T]],
    shown: Callable[[Context, Q], Awaitable[list[T]]],
    count: Callable[[Views], Callable[[Q], Awaitable[int]]],
    *,
    is_busy: bool = False,
) -> tuple[Operation, ...]:
    """How things called *name* are listed: as one part, as a numbered page, and as a count."""

    async def filter(context: Context, call: Call) -> Reply:
        wanted = call.as_query(query)
        await context.writes.are_visible()
        return answered(await shown(context, wanted))

    async def count_all(context: Context, call: Call) -> Reply:
        wanted = call.as_query(query)
        await context.writes.are_visible()
        return answered(await count(context.views)(wanted))

    async def paginate(context: Context, call: Call) -> Reply:
        given = call.as_query(asked)
        size, number = sized(given.limit), given.page or 1
        fields: dict[str, Any] = {**structs.asdict(given), "limit": size}
        del fields["page"]
        wanted = query(**fields, offset=(number - 1) * size)
        await context.writes.are_visible()
        there = await count(context.views)(wanted)
        pages = ceil(there / size) if size else 0
        found = await shown(context, wanted)
        return answered(NumberedPage(found, there, size, pages, number))

    path = f"/{name.lower().replace(' ', '_')}"
    return (
        Operation(method="POST", path=f"{path}/filter", handler=filter, is_busy=is_busy,
                  summary=f"Read {name}", tag=name, takes=query, gives=list[one]),
        Operation(method="POST", path=f"{path}/count", handler=count_all,
                  summary=f"Count {name}", tag=name, takes=query, gives=int),
        Operation(method="POST", path=f"{path}/paginate", handler=paginate,
                  summary=f"Paginate {name}", tag=name, takes=asked, gives=page),
    )  # fmt: skip


def sized(limit: int | None) -> int:
    """How many things are asked for; raises `Refused` when they are more than a page may have."""
    size = LIMIT_MAX if limit is None else limit
    if not 0 <= size <= LIMIT_MAX:
        bound = f"less than or equal to {LIMIT_MAX}" if size > 0 else "greater than or equal to 0"
        raise detail(422, f"Invalid limit: must be {bound}.")
    return size
