"""Log lines as they are written, fanned out to those who follow them; nothing that has been."""

from collections.abc import Iterator

from msgspec import Struct, json

from events.changes import LogLine, LogsWritten
from events.log import Entry
from events.queries import LogFilter
from events.queries.criteria import utc
from events.wire.codec import decode_decision

from ..rendering.parts import LogResponse, log_response
from .subscriptions import Subscription, Subscriptions
from .tail import Ear, Ends, Tail


class _Frame(Struct, frozen=True, tag="log", tag_field="type"):
    log: LogResponse


class LogLines:
    """Subscriptions to log lines."""

    def __init__(self, tail: Tail[Entry], backlog_bytes_max: int) -> None:
        self._subscriptions = Subscriptions[LogFilter](backlog_bytes_max, Ear(tail, self._hear))

    async def subscribe(self, wanted: LogFilter) -> tuple[Subscription[LogFilter], Ends]:
        """A subscription to all lines that are written after the ends given with it."""
        return await self._subscriptions.add(wanted)

    async def unsubscribe(self, subscription: Subscription[LogFilter]) -> None:
        """Nothing more for *subscription*."""
        await self._subscriptions.remove(subscription)

    async def _hear(self, _: int, entry: Entry) -> None:
        for line in _lines_in(entry):
            frame: str | None = None
            for subscription in self._subscriptions:
                if wants(subscription.wanted, line):
                    frame = frame or json.encode(_Frame(log_response(line))).decode()
                    subscription.offer(frame)


def wants(wanted: LogFilter, line: LogLine) -> bool:
    """Whether *line* is what is asked for."""
    demands = list(_demands(wanted, line))
    return any(demands) if demands and wanted.operator == "or_" else all(demands)


def _lines_in(entry: Entry) -> Iterator[LogLine]:
    if b'"logs_written.v1"' not in entry.body:
        return
    for change in decode_decision(entry.body).changes:
        if isinstance(change, LogsWritten):
            yield from change.lines


def _demands(wanted: LogFilter, line: LogLine) -> Iterator[bool]:
    """Whether each thing that is demanded is so."""
    level, timestamp, task_run = wanted.level, wanted.timestamp, wanted.task_run_id
    if level is not None and level.ge_ is not None:
        yield line.level >= level.ge_
    if level is not None and level.le_ is not None:
        yield line.level <= level.le_
    if timestamp is not None and timestamp.before_ is not None:
        yield line.timestamp <= utc(timestamp.before_)
    if timestamp is not None and timestamp.after_ is not None:
        yield line.timestamp >= utc(timestamp.after_)
    if wanted.flow_run_id is not None and wanted.flow_run_id.any_ is not None:
        yield line.flow_run_id in wanted.flow_run_id.any_
    if task_run is not None and task_run.any_ is not None:
        yield line.task_run_id in task_run.any_
    if task_run is not None and task_run.is_null_ is not None:
        yield (line.task_run_id is None) is task_run.is_null_
    if wanted.text is not None:
        yield wanted.text.terms().are_in(f"{line.message} {line.name}".lower())
