"""WebSockets: events in, events and log lines out, task runs for who waits for them, workers."""

from collections.abc import Callable

from starlette.types import ASGIApp

from ..context import Context
from .events_in import EventsIn
from .subscribing import events_out, logs_out
from .task_runs import ScheduledTaskRuns
from .worker_channel import WorkerChannel

SOCKETS: dict[str, Callable[[Context], ASGIApp]] = {
    "/events/in": EventsIn,
    "/events/out": events_out,
    "/logs/out": logs_out,
    "/task_runs/subscriptions/scheduled": ScheduledTaskRuns,
    "/work_pools/{work_pool_name}/workers/connect": WorkerChannel,
}
"""The application behind each path below the API's prefix."""

__all__ = ["SOCKETS"]
