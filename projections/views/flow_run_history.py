"""flow_run_history: flow runs counted by expected start and state, so that a chart costs buckets.

A pyramid: cells of a second at the bottom, and each coarser level the sum of the one below. A
cell says of the runs in it, for each state, what is needed to answer for any instant of asking:
how many there are; the run time of those that are not running; since when those that are running
have been; how late the ones were that started; and how many have not started, and since when they
should have. Everything is whole microseconds, so that what is added can be taken away exactly.
Instants are counted from the beginning of the cell, so that sums stay small.

Cells are shared by all partitions, therefore no row has a position: the checkpoint alone keeps a
decision from being counted twice.
"""

from collections.abc import Iterator
from typing import Any, assert_never, cast

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table

from events.changes import (
    FlowRegistered,
    FlowRunAmended,
    FlowRunCreated,
    FlowRunDeleted,
    InputsDeleted,
    InputStored,
    LeaseRenewed,
    Left,
    LimitRemoved,
    LimitStored,
    LogsWritten,
    PolicyAmended,
    ResourceRemoved,
    ResourceStored,
    SlotsGiven,
    SlotsTaken,
    StateEntered,
    StateRecorded,
    TaskRunAmended,
    TaskRunCreated,
    TaskRunDeleted,
    TaskRunEnqueued,
    TaskStateCached,
)
from events.decisions import Recorded
from events.instants import micros_of
from events.states import FINAL, State, StateType

from ..columns import TEXT, plain
from ..projection import Projection, Row, Sql, Statement

LEVELS = (1, 5, 15, 60, 300, 900, 3_600, 86_400)
"""Cells' sizes in seconds; each divides the next, so that cells nest."""

SECOND = 1_000_000

KEY = ("level", "start", "state_type", "state_name")
SUMS = ("runs", "run_time", "running_since", "lateness", "waiting", "waiting_since")


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
    return [
        (level, *key, *sums)
        for level, cells in _levels(bottom)
        for key, sums in sorted(cells.items())
        if any(sums)
    ]


def _above(rows: list[Row]) -> list[Row]:
    """The cells of all levels that hold these of the bottom."""
    bottom = cast("set[Key]", set(rows))
    return [
        (level, *key)
        for level in LEVELS
        for key in sorted({(start - start % level, type, name) for start, type, name in bottom})
    ]


ADD = Sql(
    f"""
INSERT INTO {{table}} ({", ".join(KEY + SUMS)})
VALUES ({", ".join(":" + column for column in KEY + SUMS)})
ON CONFLICT ({", ".join(KEY)}) DO UPDATE
SET {", ".join(f"{column} = {{table}}.{column} + excluded.{column}" for column in SUMS)}
""",  # noqa: S608 - the text is our own
    gather=_added_up,
)
PRUNE = Sql(
    """
DELETE FROM {table}
 WHERE level = :level AND start = :start AND state_type = :type AND state_name = :name
   AND runs = 0
""",
    gather=_above,
)


def table(name: str) -> Table:
    """The table of the view, under *name*."""
    return Table(
        name,
        MetaData(),
        Column("level", Integer, primary_key=True, autoincrement=False),
        Column("start", BigInteger, primary_key=True, autoincrement=False),
        Column("state_type", TEXT, primary_key=True),
        Column("state_name", TEXT, primary_key=True),
        *(Column(sum, BigInteger, nullable=False) for sum in SUMS),
        sqlite_with_rowid=False,
    )


def _terms(of: StateEntered | Left, expected: int, state: State | Left) -> list[int]:
    """What a run in *state* adds to its cell."""
    booked = of.booked if isinstance(of, StateEntered) else of
    start, base = booked.start_time, expected - expected % SECOND
    total = round(booked.total_run_time * 1e6)
    is_running = state.type is StateType.RUNNING
    is_waiting = start is None and state.type not in FINAL
    return [
        1,
        0 if is_running else max(0, total),
        micros_of(state.timestamp) - total - base if is_running else 0,
        0 if start is None else max(0, micros_of(start) - expected),
        1 if is_waiting else 0,
        expected - base if is_waiting else 0,
    ]


def _moved(change: StateEntered) -> Iterator[Statement]:
    """A run leaves one state of its cell and enters another."""
    if change.booked.expected_start_time is None:
        return
    state, left = change.state, change.left
    expected = micros_of(change.booked.expected_start_time)
    start = expected // SECOND
    entered = (start, state.type.value, plain(state.name))
    yield Statement(ADD, (*entered, *_terms(change, expected, state)))
    if left is not None:
        yield from _taken_away(left, expected)


def _gone(change: FlowRunDeleted) -> Iterator[Statement]:
    """A run leaves its cell for good."""
    if change.left is not None and change.expected_start_time is not None:
        yield from _taken_away(change.left, micros_of(change.expected_start_time))


def _taken_away(left: Left, expected: int) -> Iterator[Statement]:
    gone = (expected // SECOND, left.type.value, plain(left.name))
    yield Statement(ADD, (*gone, *(-term for term in _terms(left, expected, left))))
    yield Statement(PRUNE, gone)


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring flow_run_history up to date with one decision."""
    decision = recorded.decision
    if not decision.subject.startswith("flow_run:"):
        return
    for change in decision.changes:
        match change:
            case StateEntered():
                yield from _moved(change)
            case FlowRegistered() | FlowRunCreated() | FlowRunAmended() | PolicyAmended():
                pass
            case (
                TaskRunCreated()
                | TaskRunAmended()
                | InputStored()
                | InputsDeleted()
                | LogsWritten()
            ):
                pass
            case StateRecorded():
                pass
            case FlowRunDeleted():
                yield from _gone(change)
            case TaskRunDeleted():
                pass
            case TaskRunEnqueued() | TaskStateCached():
                pass
            case ResourceStored() | ResourceRemoved():
                pass
            case LimitStored() | LimitRemoved() | LeaseRenewed():
                pass
            case SlotsTaken() | SlotsGiven():
                pass
            case _:
                assert_never(change)


flow_run_history = Projection(
    name="flow_run_history", version=1, table=table, kinds=(ADD, PRUNE), fold=fold
)
