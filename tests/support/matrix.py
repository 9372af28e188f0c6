"""What the matrices of flow runs and of task runs have in common: states, books and cells."""

from typing import Any

import pytest

from events.entities import NOTHING_BOOKED, Bookkeeping
from events.states import State, StateDetails, StateType
from events.states.constructors import (
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
)
from tests.support.examples import HOUR, MINUTE, NOON, RESULT, a_state

DUE, LATER = NOON - HOUR, NOON + HOUR
START, END = NOON - 10 * MINUTE, NOON - MINUTE

PROPOSED = {
    "SCHEDULED": Scheduled(LATER),
    "PENDING": Pending(),
    "RUNNING": Running(),
    "COMPLETED": Completed(data=RESULT),
    "FAILED": Failed(message="boom"),
    "CANCELLED": Cancelled(),
    "CRASHED": Crashed(),
    "PAUSED": Paused(pause_key="2"),
    "CANCELLING": Cancelling(),
}


def booked(**fields: Any) -> Bookkeeping:
    """The books of a run that was due."""
    return Bookkeeping(expected_start_time=DUE, **fields)


STARTED = booked(run_count=1, start_time=START, total_run_time=5.0)
ENDED = booked(run_count=1, start_time=START, end_time=END, total_run_time=5.0)

INITIAL: dict[str, tuple[State | None, Bookkeeping]] = {
    "no state": (None, NOTHING_BOOKED),
    "SCHEDULED": (
        a_state(StateType.SCHEDULED, details=StateDetails(scheduled_time=DUE)),
        booked(next_scheduled_start_time=DUE),
    ),
    "PENDING": (a_state(StateType.PENDING), booked()),
    "RUNNING": (a_state(StateType.RUNNING), STARTED),
    "COMPLETED": (a_state(StateType.COMPLETED), ENDED),
    "COMPLETED, result": (a_state(StateType.COMPLETED, data=RESULT), ENDED),
    "FAILED": (a_state(StateType.FAILED), ENDED),
    "CRASHED": (a_state(StateType.CRASHED), ENDED),
    "CANCELLED": (a_state(StateType.CANCELLED), ENDED),
    "PAUSED": (a_state(StateType.PAUSED, details=StateDetails(pause_timeout=LATER)), STARTED),
    "CANCELLING": (a_state(StateType.CANCELLING), STARTED),
}


def cells(matrix: str) -> list[tuple[str, str, str]]:
    """Row, column and letter of each cell of *matrix*."""
    head, *rows = matrix.strip().splitlines()
    columns = head.split()
    found = [
        (row[:20].strip(), column, letter)
        for row in rows
        for column, letter in zip(columns, row[20:].split(), strict=True)
    ]
    assert {row for row, _, _ in found} == INITIAL.keys()
    assert {column for _, column, _ in found} == PROPOSED.keys() == {*StateType.__members__}
    return found


def each_cell(matrix: str) -> pytest.MarkDecorator:
    """The test is of every cell of *matrix*."""
    return pytest.mark.parametrize(
        ("row", "column", "letter"),
        cells(matrix),
        ids=lambda value: str(value).replace(", ", "-with-"),
    )
