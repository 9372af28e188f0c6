"""Saved searches: kept under a name, read, listed, applied and deleted."""

from functools import partial
from uuid import UUID

from msgspec import Struct, structs

from events.instants import Instant
from events.queries import (
    FlowRunQuery,
    Inapplicable,
    RunFilters,
    SavedSearchQuery,
    SearchPage,
    demands_of,
)
from events.resources.saved_searches import SavedSearch, SavedSearchFilter

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, invalid
from ..http.operations import Operation
from ..rendering.runs import FlowRunResponse, flow_run_response
from ..resources import existing, listed, removed, store
from .bodies import Body


class SavedSearchCreate(Body, frozen=True, kw_only=True):
    """A search to keep."""

    name: str
    filters: list[SavedSearchFilter] = []


class SavedSearchResponse(Struct, frozen=True, kw_only=True):
    """A saved search."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    filters: list[SavedSearchFilter]


async def create_saved_search(context: Context, call: Call) -> Reply:
    """Keep a search in place of the one of that name: 201 or 200."""
    given = call.as_a(SavedSearchCreate)
    made = SavedSearch(id=context.new_id(), name=given.name, filters=given.filters)
    search, status = await store(context, made, if_exists="amend", given=["filters"])
    return answered(_shown(search), status)


async def read_saved_search(context: Context, call: Call) -> Reply:
    """A saved search."""
    return answered(_shown(await existing(context, SavedSearch, call.id)))


async def read_saved_searches(context: Context, call: Call) -> Reply:
    """A page of saved searches."""
    found = await listed(context, SavedSearch, call.as_query(SavedSearchQuery))
    return answered([_shown(one) for one in found])


async def apply_saved_search(context: Context, call: Call) -> Reply:
    """A page of the flow runs that a saved search finds."""
    page = call.as_query(SearchPage)
    query = _query(await existing(context, SavedSearch, call.id), page)
    await context.writes.are_visible()
    runs, now = await context.views.flow_runs(query), context.now()
    return answered([flow_run_response(run, now) for run in runs])


def _query(search: SavedSearch, page: SearchPage) -> FlowRunQuery:
    """What *search* asks for; raises `Refused` with a 422 that names the filter."""
    match demands_of(search.filters):
        case Inapplicable(place=place, reason=reason):
            raise invalid(f"Value error, {reason}", "filters", *place)
        case RunFilters() as demands:
            return FlowRunQuery(**structs.asdict(demands), **structs.asdict(page))


async def delete_saved_search(context: Context, call: Call) -> Reply:
    """Forget a saved search."""
    return await removed(context, SavedSearch, call.id)


def _shown(search: SavedSearch) -> SavedSearchResponse:
    return SavedSearchResponse(
        id=search.id,
        created=search.created,
        updated=search.updated,
        name=search.name,
        filters=search.filters,
    )


_operation = partial(Operation, tag="SavedSearches")
BY_ID = "/saved_searches/{id:uuid}"

OPERATIONS = (
    _operation(method="PUT", path="/saved_searches/", handler=create_saved_search,
               summary="Create Saved Search", takes=SavedSearchCreate, gives=SavedSearchResponse,
               statuses=(201, 200)),
    _operation(method="POST", path="/saved_searches/filter", handler=read_saved_searches,
               summary="Read Saved Searches", takes=SavedSearchQuery,
               gives=list[SavedSearchResponse]),
    _operation(method="GET", path=BY_ID, handler=read_saved_search, summary="Read Saved Search",
               gives=SavedSearchResponse),
    _operation(method="POST", path=f"{BY_ID}/apply", handler=apply_saved_search,
               summary="Apply Saved Search", takes=SearchPage, gives=list[FlowRunResponse]),
    _operation(method="DELETE", path=BY_ID, handler=delete_saved_search,
               summary="Delete Saved Search", statuses=(204,)),
)  # fmt: skip
