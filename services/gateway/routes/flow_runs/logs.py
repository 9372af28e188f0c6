"""The log of a flow run as a file."""

import csv
import io
from urllib.parse import quote

from events.queries import LogFilter, LogQuery, LogSort
from events.queries.criteria import IdIsAny

from ...context import Context, existing
from ...http.calls import Call
from ...http.errors import Reply
from ...http.operations import Operation
from ...views import everything

COLUMNS = ("timestamp", "level", "flow_run_id", "task_run_id", "message")


async def download_logs(context: Context, call: Call) -> Reply:
    """All log lines of a flow run as comma-separated values, oldest first."""
    run = existing(await context.flow_run(call.id))
    await context.writes.are_visible()
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    of_run = LogFilter(flow_run_id=IdIsAny(any_=[call.id]))
    query = LogQuery(filter=of_run, sort=LogSort.TIMESTAMP_ASC)
    async for line in everything(context.views.logs, query):
        ids = (line.flow_run_id or "", line.task_run_id or "")
        rows.writerow((line.timestamp, line.level, *ids, line.message))
    name = quote(f"{run.attributes.name}-logs.csv")
    disposition = f"attachment; filename=\"flow-run-logs.csv\"; filename*=UTF-8''{name}"
    return Reply(
        200,
        text.getvalue().encode("utf-8", "replace"),
        ((b"content-disposition", disposition.encode("ascii")),),
        b"text/csv; charset=utf-8",
    )


OPERATIONS = (
    Operation(method="GET", path="/flow_runs/{id:uuid}/logs/download", handler=download_logs,
              summary="Download Logs", tag="Flow Runs", gives=str, content_type="text/csv"),
)  # fmt: skip
