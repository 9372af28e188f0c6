"""WebSockets: events in, events out."""

from collections.abc import Callable

from starlette.types import ASGIApp

from ..context import Context
from .events_in import EventsIn
from .events_out import EventsOut

SOCKETS: dict[str, Callable[[Context], ASGIApp]] = {
    "/events/in": EventsIn,
    "/events/out": EventsOut,
}
"""The application behind each path below the API's prefix."""

__all__ = ["SOCKETS"]
