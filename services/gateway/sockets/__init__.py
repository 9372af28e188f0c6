"""WebSockets: events in, events and log lines out, task runs for those who wait for them."""

from collections.abc import Callable

from starlette.types import ASGIApp

from ..context import Context
from .events_in import EventsIn
from .events_out import EventsOut
from .logs_out import LogsOut
from .task_runs import ScheduledTaskRuns

SOCKETS: dict[str, Callable[[Context], ASGIApp]] = {
    "/events/in": EventsIn,
    "/events/out": EventsOut,
    "/logs/out": LogsOut,
    "/task_runs/subscriptions/scheduled": ScheduledTaskRuns,
}
"""The application behind each path below the API's prefix."""

__all__ = ["SOCKETS"]
