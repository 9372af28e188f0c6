"""The root: which server this is, whether it lives, and whether it can serve."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from events.instants import Instant

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, detail, invalid
from ..http.operations import Operation
from ..http.versions import API_VERSION


class CsrfToken(Struct, frozen=True):
    """What a client shows when it changes something, until it expires."""

    id: UUID
    created: Instant
    updated: Instant
    token: str
    client: str
    expiration: Instant


async def hello(context: Context, call: Call) -> Reply:
    """A greeting, for those who try whether anybody answers."""
    return answered("\N{WAVING HAND SIGN}")


async def version(context: Context, call: Call) -> Reply:
    """The API's version."""
    return answered(API_VERSION)


async def health(context: Context, call: Call) -> Reply:
    """True, for the process answers."""
    return answered(True)


async def ready(context: Context, call: Call) -> Reply:
    """200 when log, views and who may come in are known, else 503 with what is missing."""
    missing: list[str] = []
    try:
        await context.log.head(context.streams.control)
    except context.outages as error:
        missing.append(f"log: {error}")
    try:
        await context.views.positions()
    except context.outages as error:
        missing.append(f"views: {error}")
    if context.allow_list.is_enforced and not context.allow_list.is_known:
        missing.append("allow list: it cannot be read")
    if missing:
        return answered({"message": "Not ready", "missing": missing}, 503)
    return answered({"message": "OK"})


async def create_csrf_token(context: Context, call: Call) -> Reply:
    """A token to change things with, or the 422 by which clients know that they need none."""
    client = call.query("client")
    if not client:
        raise invalid("Field required", "query", "client", kind="missing")
    if context.csrf is None:
        raise detail(422, "CSRF protection is disabled.")
    token, expiration = context.csrf.token(client)
    now = context.now()
    return answered(
        CsrfToken(context.new_id(), now, now, token=token, client=client, expiration=expiration)
    )


def _get(path: str, handler: Any, summary: str, gives: Any, **more: Any) -> Operation:
    return Operation(method="GET", path=path, handler=handler, summary=summary, gives=gives, **more)


OPERATIONS = (
    _get("/hello", hello, "Hello", str, tag="Root"),
    _get("/csrf-token", create_csrf_token, "Create Csrf Token", CsrfToken, tag="Root",
         query=("client",)),
    _get("/version", version, "Server Version", str, tag="Root"),
    _get(
        "/health", health, "Health Check", bool, tag="Root", is_open=True, is_versioned=False
    ),
    _get("/ready", ready, "Perform Readiness Check", dict, tag="Root", is_open=True,
         is_versioned=False, statuses=(200, 503)),
)  # fmt: skip
