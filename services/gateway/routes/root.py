"""The root: which server this is, whether it lives, and whether it can serve."""

from typing import Any

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, detail, invalid
from ..http.operations import Operation
from ..http.versions import API_VERSION


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
    """200 when log and views answer, else 503 with what is missing."""
    missing: list[str] = []
    try:
        await context.log.head(context.streams.control)
    except context.outages as error:
        missing.append(f"log: {error}")
    try:
        await context.views.positions()
    except context.outages as error:
        missing.append(f"views: {error}")
    if missing:
        return answered({"message": "Not ready", "missing": missing}, 503)
    return answered({"message": "OK"})


async def csrf_token(context: Context, call: Call) -> Reply:
    """Always the 422 by which clients know that they need no token."""
    if not call.query("client"):
        raise invalid("Field required", "query", "client", kind="missing")
    raise detail(422, "CSRF protection is disabled.")


def _get(path: str, handler: Any, summary: str, gives: Any, **more: Any) -> Operation:
    return Operation(method="GET", path=path, handler=handler, summary=summary, gives=gives, **more)


OPERATIONS = (
    _get("/hello", hello, "Hello", str, tag="Root"),
    _get("/csrf-token", csrf_token, "Create Csrf Token", dict, tag="Root", query=("client",)),
    _get("/version", version, "Server Version", str, tag="Root"),
    _get(
        "/health", health, "Health Check", bool, tag="Root", is_open=True, is_versioned=False
    ),
    _get("/ready", ready, "Perform Readiness Check", dict, tag="Root", is_open=True,
         is_versioned=False, statuses=(200, 503)),
)  # fmt: skip
