"""Pages of a million flow runs: 200 of them by state, tag, deployment or time, in every order."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import json
from sqlalchemy import Connection, Engine

from events.instants import micros_of
from events.queries import FlowRunQuery, FlowRunSort
from projections.reads import Views
from projections.store import Store, open_engine
from projections.views import PROJECTIONS

RUNS = 1_000_000
ROUNDS = 15
START = datetime(2026, 11, 1, tzinfo=UTC)
"""One run is expected each second from here on."""

SORTS = (None, FlowRunSort.START_TIME_DESC, FlowRunSort.EXPECTED_START_TIME_DESC)

STATES = """
CASE WHEN n % 100 < 90 THEN 'COMPLETED' WHEN n % 100 < 96 THEN 'FAILED'
     WHEN n % 100 < 99 THEN 'SCHEDULED' ELSE 'RUNNING' END
"""
FILL = (
    f"""
CREATE TEMP TABLE numbers AS
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers LIMIT {RUNS})
SELECT n, printf('%08x-%04x-7%03x-8%03x-%012x', n / 65536, n % 65536, n % 4096, n % 4093,
                 n * 2654435761 % 281474976710656) AS id,
       {STATES} AS type, {{start}} + n * 1000000 AS at,
       printf('00000000-0000-0000-0000-%012x', n % 100 + 1) AS of_100 FROM numbers
""",  # noqa: S608 - the text is our own
    """
INSERT INTO flow_runs (id, flow_id, name, deployment_id, parameters, context, tags, labels, policy,
    job_variables, auto_scheduled, state_id, state_type, state_name, state_label, state_timestamp,
    state, run_count, created, updated, expected_start_time, start_time, total_run_time, version,
    position)
SELECT id, of_100, 'run-' || n, of_100, '{{"n": 1}}', '{{}}',
    json_array('all', 'tag-' || (n % 1000)), '{{}}', '{{}}', '{{}}', 0, id, type, type, type, at,
    json_object('id', id, 'type', type, 'name', type, 'timestamp', '2026-11-20T10:00:00Z'),
    1, at, at, at, at, 5.0, 2, n
  FROM numbers
""",
    "INSERT INTO flow_run_tags SELECT id, 0, NULL, at, at FROM numbers",
    "INSERT INTO flow_run_tags SELECT id, 1, 'all', at, at FROM numbers",
    "INSERT INTO flow_run_tags SELECT id, 2, 'tag-' || (n % 1000), at, at FROM numbers",
)

FILTERS: dict[str, dict[str, Any]] = {
    "all": {},
    "state": {"state": {"type": {"any_": ["FAILED", "RUNNING"]}}},
    "common_state": {"state": {"type": {"any_": ["COMPLETED"]}}},
    "tag": {"tags": {"all_": ["tag-7"]}},
    "common_tag": {"tags": {"any_": ["all"]}},
    "deployment": {"deployment_id": {"any_": ["00000000-0000-0000-0000-000000000008"]}},
    "time": {
        "expected_start_time": {
            "after_": (START + timedelta(seconds=RUNS // 2)).isoformat(),
            "before_": (START + timedelta(seconds=RUNS // 2 + 3_600)).isoformat(),
        }
    },
}


async def pages() -> dict[str, float]:
    """Milliseconds for a page of 200, by filter: the slowest of all orders, and the medians."""
    with _filled() as engine:
        views = Views(engine)
        figures: dict[str, float] = {}
        for name, filter in FILTERS.items():
            slowest = 0.0
            for sort in SORTS:
                asked = {"flow_runs": filter, "sort": sort, "limit": 200}
                query = json.decode(json.encode(asked), type=FlowRunQuery)
                spent: list[float] = []
                for _ in range(ROUNDS):
                    started = time.perf_counter()
                    found = await views.flow_runs(query)
                    spent.append((time.perf_counter() - started) * 1_000)
                    assert len(found) == 200, name
                slowest = max(slowest, median(spent))
            figures[f"views.200_of_1m_by_{name}_ms"] = slowest
    return figures


@contextmanager
def _filled() -> Generator[Engine]:
    """Views with a million flow runs."""
    with TemporaryDirectory(prefix="headgate-bench-") as folder:
        engine = open_engine(f"sqlite:///{Path(folder) / 'views.db'}")
        try:
            store = Store(engine)
            store.prepare(PROJECTIONS)
            with store.writing() as connection:
                _fill(connection)
            yield engine
        finally:
            engine.dispose()


def _fill(connection: Connection) -> None:
    """The rows first and their indexes then, which is faster."""
    find = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '%flow_run%'"
    indexes = connection.exec_driver_sql(find).all()
    for name, _ in indexes:
        connection.exec_driver_sql(f"DROP INDEX {name}")
    for statement in FILL:
        connection.exec_driver_sql(statement.format(start=micros_of(START)))
    for _, made in indexes:
        connection.exec_driver_sql(made)
