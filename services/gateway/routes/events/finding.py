"""Events are found by a filter, in pages; each page says where the next one is."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote

from msgspec import DecodeError, Meta, Struct, json, structs

from events.queries.told import EventQuery
from events.told.event import Event
from events.told.filters import EventFilter, OccurredFilter

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, detail, invalid
from ...http.operations import Operation

PAGE_MAX = 50
BACK = timedelta(days=180)
"""How far back events are looked for unless it is said, from the beginning of this day."""

NEXT = "/events/filter/next"


class EventsAsked(Struct, frozen=True, kw_only=True):
    """Which events, and how many at once."""

    filter: EventFilter | None = None
    limit: Annotated[int, Meta(ge=0, le=PAGE_MAX)] | None = None


class EventPage(Struct, frozen=True):
    """A page of events, how many there are, and where the next page is."""

    events: list[Event]
    total: int
    next_page: str | None


class Token(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page token holds."""

    filter: EventFilter
    total: int
    limit: Annotated[int, Meta(ge=0, le=PAGE_MAX)]
    offset: Annotated[int, Meta(ge=0, le=2**53)]


async def read_events(context: Context, call: Call) -> Reply:
    """The first page of events."""
    asked = call.as_query(EventsAsked)
    wanted = spanning(asked.filter or EventFilter(), context.now())
    await context.told_is_visible()
    limit = PAGE_MAX if asked.limit is None else asked.limit
    found = await context.views.events(EventQuery(wanted=wanted, limit=limit))
    token = Token(filter=wanted, total=found.total, limit=limit, offset=limit)
    return answered(_page(context, call, found.events, token))


async def read_account_events_page(context: Context, call: Call) -> Reply:
    """The page that a token stands for."""
    token = _token(call)
    query = EventQuery(wanted=token.filter, limit=token.limit, offset=token.offset)
    found = await context.views.events(query)
    following = structs.replace(token, offset=token.offset + token.limit)
    return answered(_page(context, call, found.events, following))


def spanning(wanted: EventFilter, now: datetime) -> EventFilter:
    """*wanted* with a span that has both its ends."""
    span = wanted.occurred or OccurredFilter()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return structs.replace(
        wanted, occurred=OccurredFilter(since=span.since or today - BACK, until=span.until or now)
    )


def _page(context: Context, call: Call, events: list[Event], following: Token) -> EventPage:
    if following.offset >= following.total:
        return EventPage(events, following.total, None)
    token = urlsafe_b64encode(json.encode(following)).decode()
    url = f"{call.api_url(context, '/events/')}{NEXT}?page-token={quote(token)}"
    return EventPage(events, following.total, url)


def _token(call: Call) -> Token:
    given = call.query("page-token")
    if given is None:
        if b"page-token" in call.scope["query_string"]:
            raise detail(403, "Forbidden")
        raise invalid("Field required", "query", "page-token", kind="missing")
    try:
        return json.decode(urlsafe_b64decode(given), type=Token)
    except (DecodeError, ValueError):
        raise detail(403, "Forbidden") from None


OPERATIONS = (
    Operation(method="POST", path="/events/filter", handler=read_events, summary="Read Events",
              tag="Events", takes=EventsAsked, gives=EventPage),
    Operation(method="GET", path=NEXT, handler=read_account_events_page,
              summary="Read Account Events Page", tag="Events", gives=EventPage,
              query=("page-token",)),
)  # fmt: skip
