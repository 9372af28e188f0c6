"""flow_run_history, task_run_history: runs counted by expected start and state.

A chart thus costs its buckets and not its runs. A pyramid: cells of a second at the bottom, and
each coarser level the sum of the one below. A cell says of the runs in it, for each state, what is
needed to answer for any instant of asking: how many there are; the run time of those that are not
running; since when those that are running have been; how late the ones were that started; and how
many have not started, and since when they should have. Everything is whole microseconds, so that
what is added can be taken away exactly. Instants are counted from the beginning of the cell, so
that sums stay small; engines tell of their own times, and what is beyond sense is bounded.

Cells are shared by all partitions, therefore no row has a position: the checkpoint alone keeps a
decision from being counted twice.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, assert_never, cast

from msgspec import UNSET
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table

from events.changes import (
    FlowChange,
    FlowRunChange,
    FlowRunDeleted,
    InputChange,
    Left,
    LogsWritten,
    ResourceChange,
    SlotsChange,
    StateEntered,
    StateRecorded,
    TaskRunChange,
    TaskRunDeleted,
)
from events.decisions import Recorded
from events.instants import micros_of
from events.states import FINAL, State, StateType

from ..columns import SUM, TEXT, bounded, indexed, plain, whole_micros
from ..projection import Projection, Row, Sql, Statement

LEVELS = (1, 5, 15, 60, 300, 900, 3_600, 86_400)
"""Cells' sizes in seconds; each divides the next, so that cells nest."""

SECOND = 1_000_000

ROWS_MAX = 2**14
"""So many rows at most can be added up without a look at whether 64 bits hold their sums."""

HELD_MAX = 2**62
"""The most that is added to a sum at once: more would not go into a statement of SQLite."""

KEY = ("level", "start", "state_type", "state_label")
COUNTS = ("runs", "waiting")
SUMS = ("runs", "run_time", "running_since", "lateness", "waiting", "waiting_since")
COLUMNS = (*KEY, "state_name", *SUMS)

RUNNING = StateType.RUNNING.value

Key = tuple[int, str, str]
"""The beginning of a cell in seconds since 1970, and a state's type and name."""


def _levels(bottom: dict[Key, list[int]]) -> Iterator[tuple[int, dict[Key, list[int]]]]:
    """Each level with its cells, the bottom one first."""
    cells = bottom
    yield LEVELS[0], cells
    for level in LEVELS[1:]:
        coarser: dict[Key, list[int]] = {}
        for (start, type, name), sums in cells.items():
            runs, run_time, running_since, lateness, waiting, waiting_since = sums
            above = start - start % level
            shift = (start - above) * SECOND
            into = coarser.setdefault((above, type, name), [0] * len(SUMS))
            into[0] += runs
            into[1] += run_time
            into[2] += running_since + (shift * runs if type == RUNNING else 0)
            into[3] += lateness
            into[4] += waiting
            into[5] += waiting_since + shift * waiting
        cells = coarser
        yield level, cells


def _added_up(rows: list[Row]) -> list[Row]:
    """What *rows*, each a run that entered or left a state, add to the cells of all levels.

    In the order of their keys, in which several writers lock them without a deadlock.
    """
    bottom: dict[Key, list[int]] = {}
    for start, type, name, *terms in cast("list[Any]", rows):
        sums = bottom.get((start, type, name))
        if sums is None:
            bottom[start, type, name] = list(terms)
        else:
            for place, term in enumerate(terms):
                sums[place] += term
    parts = _parts if len(rows) > ROWS_MAX else _whole
    return [
        (level, start, type, indexed(name), name, *part)
        for level, cells in _levels(bottom)
        for (start, type, name), sums in sorted(cells.items())
        for part in parts(sums)
    ]


def _whole(sums: list[int]) -> Iterator[list[int]]:
    """*sums*, unless there is nothing to add."""
    if any(sums):
        yield sums


def _parts(sums: list[int]) -> Iterator[list[int]]:
    """What makes up *sums*, each part as much as a statement holds."""
    while any(sums):
        part = [max(-HELD_MAX, min(sum, HELD_MAX)) for sum in sums]
        yield part
        sums = [sum - taken for sum, taken in zip(sums, part, strict=True)]


def _above(rows: list[Row]) -> list[Row]:
    """The cells of all levels that hold these of the bottom."""
    bottom = cast("set[Key]", set(rows))
    return [
        (level, start, type, indexed(name))
        for level in LEVELS
        for start, type, name in sorted(
            {(at - at % level, type, name) for at, type, name in bottom}
        )
    ]


ADD = Sql(
    f"""
INSERT INTO {{table}} ({", ".join(COLUMNS)})
VALUES ({", ".join(":" + column for column in COLUMNS)})
ON CONFLICT ({", ".join(KEY)}) DO UPDATE
SET {", ".join(f"{column} = {{table}}.{column} + excluded.{column}" for column in SUMS)}
""",  # noqa: S608 - the text is our own
    gather=_added_up,
)
PRUNE = Sql(
    """
DELETE FROM {table}
 WHERE level = :level AND start = :start AND state_type = :type AND state_label = :label
   AND runs = 0
""",
    gather=_above,
)


def table(name: str) -> Table:
    """The table of a view of history, under *name*.

    `state_label` is the state's name as indexes have it.
    """
    return Table(
        name,
        MetaData(),
        Column("level", Integer, primary_key=True, autoincrement=False),
        Column("start", BigInteger, primary_key=True, autoincrement=False),
        Column("state_type", TEXT, primary_key=True),
        Column("state_label", TEXT, primary_key=True),
        Column("state_name", TEXT, nullable=False),
        *(Column(sum, BigInteger if sum in COUNTS else SUM, nullable=False) for sum in SUMS),
        sqlite_with_rowid=False,
    )


def _terms(count: int, of: StateEntered | Left, expected: int, state: State | Left) -> Row:
    """What a run in *state* adds to its cell; with a *count* of -1, what it takes away."""
    booked = of.booked if isinstance(of, StateEntered) else of
    start, into = booked.start_time, expected % SECOND
    run_time, running_since, lateness = whole_micros(booked.total_run_time), 0, 0
    if state.type is StateType.RUNNING:
        since = micros_of(state.timestamp) - run_time - expected + into
        run_time, running_since = 0, bounded(since)
    if start is not None:
        lateness = max(0, bounded(micros_of(start) - expected))
    is_waiting = count if start is None and state.type not in FINAL else 0
    return (
        *(count, count * max(0, run_time), count * running_since),
        *(count * lateness, is_waiting, is_waiting * into),
    )


def _moved(change: StateEntered) -> Iterator[Statement]:
    """A run leaves one state of its cell and enters another, maybe of another cell."""
    state, left, expected = change.state, change.left, change.booked.expected_start_time
    if expected is not None:
        micros = micros_of(expected)
        entered = (micros // SECOND, state.type.value, plain(state.name))
        yield Statement(ADD, (*entered, *_terms(1, change, micros, state)))
    if left is not None:
        before = left.expected_start_time
        yield from _taken_away(left, expected if before is UNSET else before)


def _taken_away(left: Left | None, expected: datetime | None) -> Iterator[Statement]:
    """A run that was in *left* is not in its cell any more, if it was in one."""
    if left is None or expected is None:
        return
    micros = micros_of(expected)
    gone = (micros // SECOND, left.type.value, plain(left.name))
    yield Statement(ADD, (*gone, *_terms(-1, left, micros, left)))
    yield Statement(PRUNE, gone)


def _history_of(
    subjects: str, deletion: type[FlowRunDeleted | TaskRunDeleted]
) -> Callable[[Recorded], Iterator[Statement]]:
    """The fold of the history of *subjects*, such as `flow_run:`, until *deletion*."""

    def fold(recorded: Recorded) -> Iterator[Statement]:
        """The statements that bring the cells up to date with one decision."""
        decision = recorded.decision
        is_subject = decision.subject.startswith(subjects)
        for change in decision.changes:
            match change:
                case StateEntered():
                    if is_subject:
                        yield from _moved(change)
                case FlowRunDeleted() | TaskRunDeleted():
                    if isinstance(change, deletion):
                        yield from _taken_away(change.left, change.expected_start_time)
                case StateRecorded() | FlowRunChange() | TaskRunChange() | InputChange():
                    pass
                case LogsWritten() | FlowChange() | ResourceChange() | SlotsChange():
                    pass
                case _:
                    assert_never(change)

    return fold


flow_run_history = Projection(
    name="flow_run_history",
    version=3,
    table=table,
    kinds=(ADD, PRUNE),
    fold=_history_of("flow_run:", FlowRunDeleted),
)

task_run_history = Projection(
    name="task_run_history",
    version=3,
    table=table,
    kinds=(ADD, PRUNE),
    fold=_history_of("task_run:", TaskRunDeleted),
)
