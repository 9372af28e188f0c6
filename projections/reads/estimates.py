"""Estimates: a run's time running and its lateness as of an instant, in microseconds."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, type_coerce

from events.instants import micros_of
from events.states import FINAL, StateType

from .criteria import Columns

FINAL_VALUES = sorted(type.value for type in FINAL)


def micros(column: ColumnElement[Any]) -> ColumnElement[int]:
    """An instant's column as the number that it holds."""
    return type_coerce(column, BigInteger)


def run_time(c: Columns, now: datetime) -> ColumnElement[int]:
    """How long a run has been running, this very attempt included; never negative."""
    so_far = cast(func.round(c.total_run_time * 1_000_000.0), BigInteger)
    since = c.running_since if "running_since" in c else _running_since(c, so_far)
    running = micros_of(now) - since
    return case((running > 0, running), (and_(since.is_(None), so_far > 0), so_far), else_=0)


def _running_since(c: Columns, so_far: ColumnElement[int]) -> ColumnElement[int | None]:
    """Since when a run would have been running that has run all its time in one go."""
    is_running = c.state_type == StateType.RUNNING.value
    return case((is_running, micros(c.state_timestamp) - so_far), else_=None)


def lateness(c: Columns, now: datetime) -> ColumnElement[int]:
    """How late a run started, or is by now if it may still start; never negative."""
    started, expected = micros(c.start_time), micros(c.expected_start_time)
    overdue = micros_of(now) - expected
    is_open = c.start_time.is_(None) & c.state_type.not_in(FINAL_VALUES)
    return case(
        (started > expected, started - expected), (and_(is_open, overdue > 0), overdue), else_=0
    )
