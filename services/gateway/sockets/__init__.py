"""WebSockets: events in, events and log lines out, task runs for who waits for them, workers."""

from collections.abc import Callable

from starlette.types import ASGIApp

from ..context import Context
from .events_in import EventsIn
from .events_out import EventsOut
from .logs_out import LogsOut
from .task_runs import ScheduledTaskRuns
from .worker_channel import WorkerChannel

SOCKETS: dict[str, Callable[[Context], ASGIApp]] = {
    "/events/in": EventsIn,
    "/events/out": EventsOut,
    "/logs/out": LogsOut,
    "/task_runs/subscriptions/scheduled": ScheduledTaskRuns,
    "/work_pools/{work_pool_name}/workers/connect": WorkerChannel,
}
"""The application behind each path below the API's prefix."""

__all__ = ["SOCKETS"]
