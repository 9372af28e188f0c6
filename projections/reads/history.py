"""The history of runs: what the cells of their history answer, and the rest from rows.

A bucket is made of whole seconds, which cells answer, and of the fractions of a second at its
edges, which the runs themselves answer. So does the second that contains the instant of asking: of
the runs expected in it some are overdue and some are not. Cells assume that a run has been running
for some time by now, and for some years at most; the few to which that does not apply are put
right one by one. The answer is
thus exactly the one that all runs, asked one by one, would give.

Which runs a filter leaves no cell knows: then the runs answer everything, in one query.

Amounts are added up as seconds and as the microseconds that are left: SQLite gives no sum that 64
bits do not hold, and some thousand runs may have waited for longer than that together.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    Table,
    func,
    literal_column,
    select,
    text,
    true,
)

from events.instants import micros_of
from events.queries import HistoryBucket, HistoryQuery, HistoryState
from events.states import StateType

from ..columns import bounded
from ..views.history import LEVELS, SECOND, flow_run_history, task_run_history
from ..views.runs import far_from_expected
from .criteria import Columns, Conditions
from .estimates import lateness, micros, run_time
from .filters import flow_runs, flow_runs_matching, task_runs, task_runs_matching

Sums = tuple[int, int, int]
"""How many runs, their run time, and their lateness, in microseconds."""

Amount = ColumnElement[Any]

Amounts = tuple[Amount, Amount, Amount, Amount, Amount]
"""The same as columns: the two latter each as seconds and the microseconds that are left."""

Found = dict[tuple[int, str, str], list[int]]
"""`Sums` by bucket, state type and state name."""

RUNS_SQL = """
SELECT column1 AS bucket, column2 AS first, column3 AS last FROM (VALUES {parts}) listed
"""

# instants in a cell are counted from its beginning
CELLS_SQL = """
WITH parts (bucket, level, first, last, is_past) AS (VALUES {parts}), amounts AS (
SELECT bucket, state_type, state_name, runs,
       run_time + CASE WHEN state_type = 'RUNNING'
                       THEN CAST(runs AS NUMERIC) * ({now} - start * 1000000) - running_since
                       ELSE 0 END AS run_time,
       lateness + CASE WHEN is_past = 1
                       THEN CAST(waiting AS NUMERIC) * ({now} - start * 1000000) - waiting_since
                       ELSE 0 END AS lateness
  FROM parts CROSS JOIN {cells} cells
 WHERE cells.level = parts.level AND cells.start >= parts.first AND cells.start < parts.last
)
SELECT bucket, state_type, state_name, sum(runs), {sums} FROM amounts
 GROUP BY bucket, state_type, state_name
"""

SUMS_SQL = {
    "postgresql": "0, sum(run_time), 0, sum(lateness)",
    "sqlite": """
       sum(CAST(run_time / 1000000 AS INTEGER)),
       sum(run_time - 1000000 * CAST(run_time / 1000000 AS INTEGER)),
       sum(CAST(lateness / 1000000 AS INTEGER)),
       sum(lateness - 1000000 * CAST(lateness / 1000000 AS INTEGER))""",
}

# PostgreSQL does not know how few cells are between two instants, and would read them all
BY_INDEX_SQL = """
SELECT set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),
       set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
"""


class Cells(NamedTuple):
    """Consecutive cells of a level that a bucket is made of; seconds since 1970."""

    bucket: int
    level: int
    start: int
    end: int
    is_past: bool


class Runs(NamedTuple):
    """A part of a bucket that the runs themselves answer; microseconds since 1970."""

    bucket: int
    start: int
    end: int


class Kind(NamedTuple):
    """Flow runs or task runs: their rows, their cells, and which of them match a filter."""

    rows: Table
    cells: str
    matching: Callable[[Columns, HistoryQuery], Conditions]


FLOW_RUNS = Kind(flow_runs, flow_run_history.name, flow_runs_matching)
TASK_RUNS = Kind(task_runs, task_run_history.name, task_runs_matching)


def history(
    connection: Connection, kind: Kind, query: HistoryQuery, now: datetime
) -> list[HistoryBucket]:
    """The runs of a kind in buckets, as of *now*."""
    edges = query.edges()
    if not edges:
        return []
    conditions = kind.matching(kind.rows.c, query)
    if conditions:
        found = _from_runs(connection, kind.rows, edges, conditions, now)
    else:
        found = _from_cells(connection, kind, edges, now)
    return _buckets(edges, found)


def _buckets(edges: Sequence[int], found: Found) -> list[HistoryBucket]:
    states: dict[int, list[HistoryState]] = defaultdict(list)
    for (bucket, type, name), (runs, running, late) in sorted(found.items()):
        state = HistoryState(
            state_type=StateType(type),
            state_name=name,
            count_runs=runs,
            sum_estimated_run_time=running / SECOND,
            sum_estimated_lateness=late / SECOND,
        )
        states[bucket].append(state)
    return [
        HistoryBucket.between(start, end, states[bucket])
        for bucket, (start, end) in enumerate(pairwise(edges))
    ]


def _from_runs(
    connection: Connection,
    table: Table,
    edges: Sequence[int],
    conditions: Conditions,
    now: datetime,
) -> Found:
    c = table.c
    # written out, because PostgreSQL groups by the text of an expression
    start, step = (literal_column(str(n), BigInteger) for n in (edges[0], edges[1] - edges[0]))
    bucket = (micros(c.expected_start_time) - start) // step
    query = (
        select(bucket, c.state_type, c.state_name, *_added_up(c, now))
        .where(micros(c.expected_start_time) >= edges[0])
        .where(micros(c.expected_start_time) < edges[-1])
        .where(c.state_type.is_not(None))
        .where(*conditions)
        .group_by(bucket, c.state_type, c.state_name)
    )
    return {(k, type, name): [*_sums(sums)] for k, type, name, *sums in connection.execute(query)}


def _added_up(c: Columns, now: datetime) -> Amounts:
    """What a query asks for, so that `_sums` are made of it."""
    running, late = run_time(c, now), lateness(c, now)
    return (
        func.count(),
        *(func.sum(running // SECOND), func.sum(running % SECOND)),
        *(func.sum(late // SECOND), func.sum(late % SECOND)),
    )


def _sums(found: Sequence[Any]) -> Sums:
    runs, running, running_micros, late, late_micros = map(int, found)
    return runs, running * SECOND + running_micros, late * SECOND + late_micros


def _start(part: Runs) -> int:
    return part.start


def _from_cells(connection: Connection, kind: Kind, edges: Sequence[int], now: datetime) -> Found:
    cells, runs = divided(edges, micros_of(now))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(BY_INDEX_SQL)
    found: Found = defaultdict(lambda: [0, 0, 0])
    for key, sums in _summed(connection, kind, cells, runs, now):
        into = found[key]
        for place, amount in enumerate(sums):
            into[place] += amount
    by_start = sorted(runs, key=_start)
    for key, too_little in _told_wrong(connection, kind.rows, edges, by_start, now):
        found[key][1] += too_little
    return found


def divided(edges: Sequence[int], now: int) -> tuple[list[Cells], list[Runs]]:
    """The buckets between *edges* as cells and, where there are none, as runs."""
    cells: list[Cells] = []
    runs: list[Runs] = []
    this_second, is_within = divmod(now, SECOND)
    for bucket, (start, end) in enumerate(pairwise(edges)):
        first, last = -(-start // SECOND), end // SECOND
        if start < first * SECOND:
            runs.append(Runs(bucket, start, first * SECOND))
        if last * SECOND < end:
            runs.append(Runs(bucket, last * SECOND, end))
        past = min(max(first, this_second), last)
        future = past
        if is_within and first <= this_second < last:
            runs.append(Runs(bucket, past * SECOND, (past + 1) * SECOND))
            future += 1
        cells += (Cells(bucket, *part, is_past=True) for part in nested(first, past))
        cells += (Cells(bucket, *part, is_past=False) for part in nested(future, last))
    return cells, runs


def nested(start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The coarsest cells between two seconds: levels, each with where its cells begin and end."""
    climbed: list[tuple[int, int, int]] = []
    for level, above in zip(LEVELS, (*LEVELS[1:], 0), strict=True):
        if start >= end:
            break
        first = -(-start // above) * above if above else end
        last = end // above * above if above else end
        if first >= last:
            first = last = end
        if start < first:
            yield level, start, first
        if last < end:
            climbed.append((level, last, end))
        start, end = first, last
    yield from climbed


def _summed(
    connection: Connection,
    kind: Kind,
    cells: Sequence[Cells],
    runs: Sequence[Runs],
    now: datetime,
) -> Iterator[tuple[tuple[int, str, str], Sums]]:
    """What the parts of the buckets hold, by bucket and state."""
    if cells:
        parts = ", ".join(f"({k}, {n}, {a}, {z}, {int(past)})" for k, n, a, z, past in cells)
        sums_sql = SUMS_SQL[connection.dialect.name]
        sql = CELLS_SQL.format(parts=parts, cells=kind.cells, now=micros_of(now), sums=sums_sql)
        for k, type, name, *sums in connection.exec_driver_sql(sql):
            yield (k, type, name), _sums(sums)
    if runs:
        c = kind.rows.c
        listed = ", ".join(f"({k}, {start}, {end})" for k, start, end in runs)
        listing = text(RUNS_SQL.format(parts=listed))
        parts = listing.columns(bucket=Integer, first=BigInteger, last=BigInteger).cte("parts")
        query = (
            select(parts.c.bucket, c.state_type, c.state_name, *_added_up(c, now))
            .select_from(parts.join(kind.rows, true()))
            .where(micros(c.expected_start_time) >= parts.c.first)
            .where(micros(c.expected_start_time) < parts.c.last)
            .group_by(parts.c.bucket, c.state_type, c.state_name)
        )
        once = {"compiled_cache": None}
        for k, type, name, *sums in connection.execute(query, execution_options=once):
            yield (k, type, name), _sums(sums)


def _told_wrong(
    connection: Connection,
    rows: Table,
    edges: Sequence[int],
    runs: Sequence[Runs],
    now: datetime,
) -> Iterator[tuple[tuple[int, str, str], int]]:
    """How much too little cells say of the run time of some that are running.

    These seem to begin after *now*, or so far from when they were expected that cells are bounded.
    """
    c, starts = rows.c, [part.start for part in runs]
    # a sum has no index: there are few such runs, and many that are expected
    due = micros(c.expected_start_time) + 0
    running = select(due, c.state_type, c.state_name, c.running_since)
    expected_then = running.where(due >= edges[0]).where(due < edges[-1])
    early = connection.execute(expected_then.where(c.running_since > micros_of(now))).all()
    far = connection.execute(expected_then.where(far_from_expected(c))).all()
    wrong = [(row, row.running_since - micros_of(now)) for row in early]
    for row in far:
        since = row.running_since - row[0] + row[0] % SECOND
        wrong.append((row, bounded(since) - since))
    for (expected, type, name, _), too_little in wrong:
        place = bisect_right(starts, expected) - 1
        if place < 0 or expected >= runs[place].end:
            bucket = (expected - edges[0]) // (edges[1] - edges[0])
            yield (bucket, type, name), too_little
