"""Log lines: written in batches, read in pages."""

from collections.abc import Iterator
from hashlib import blake2b
from uuid import UUID

from msgspec import json

from events.changes import LogLine
from events.identity import derived_id
from events.proposals import WriteLogs
from events.queries import LogQuery
from events.wire.codec import AT_EARLIEST, AT_LATEST

from ..context import Context
from ..http.calls import Call
from ..http.errors import Reply, answered, invalid
from ..http.operations import Operation
from ..rendering.parts import LogResponse, log_response
from .bodies import LogCreate

NO_RUN = UUID(int=0)
"""Stands for the run of lines that name none."""

CHUNK_BYTES_MAX = 600_000
"""Lines per proposal, in bytes of JSON: with their ids they stay below what a proposal may have."""


async def create_logs(context: Context, call: Call) -> Reply:
    """Write log lines; a batch that is sent again becomes the same lines again."""
    batch = blake2b(call.body, digest_size=16).hexdigest()
    by_run: dict[UUID, list[LogLine]] = {}
    for place, line in enumerate(call.as_a(list[LogCreate])):
        if not AT_EARLIEST <= line.timestamp < AT_LATEST:
            raise invalid(f"{line.timestamp} is no time of a line", "body", place, "timestamp")
        run_id = line.flow_run_id or line.task_run_id or NO_RUN
        by_run.setdefault(run_id, []).append(
            LogLine(
                id=derived_id(line.timestamp, batch, place),
                name=line.name,
                level=line.level,
                message=line.message,
                timestamp=line.timestamp,
                flow_run_id=line.flow_run_id,
                task_run_id=line.task_run_id,
            )
        )
    is_small = len(call.body) <= CHUNK_BYTES_MAX
    for run_id, lines in by_run.items():
        for place, chunk in enumerate([lines] if is_small else _chunks(lines)):
            await context.ask(
                WriteLogs(
                    id=f"logs/{batch}/{run_id}/{place}",
                    at=context.now(),
                    run_id=run_id,
                    lines=chunk,
                )
            )
    return answered(None, 201)


def _chunks(lines: list[LogLine]) -> Iterator[list[LogLine]]:
    chunk: list[LogLine] = []
    size = 0
    for line in lines:
        more = len(json.encode(line))
        if chunk and size + more > CHUNK_BYTES_MAX:
            yield chunk
            chunk, size = [], 0
        chunk.append(line)
        size += more
    if chunk:
        yield chunk


async def filter_logs(context: Context, call: Call) -> Reply:
    """A page of log lines."""
    query = call.as_query(LogQuery)
    await context.writes.are_visible()
    return answered([log_response(line) for line in await context.views.logs(query)])


OPERATIONS = (
    Operation(method="POST", path="/logs/", handler=create_logs, is_busy=True,
              summary="Create Logs", tag="Logs", takes=list[LogCreate], statuses=(201,)),
    Operation(method="POST", path="/logs/filter", handler=filter_logs, summary="Read Logs",
              tag="Logs", takes=LogQuery, gives=list[LogResponse]),
)  # fmt: skip
