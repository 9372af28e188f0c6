"""Estimates: a run's time running and its lateness as of an instant, in microseconds."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, type_coerce

from events.instants import micros_of
from events.states import FINAL

from ..columns import MICROS_MAX, SECONDS_MAX
from .criteria import Columns

FINAL_VALUES = sorted(type.value for type in FINAL)


def micros(column: ColumnElement[Any]) -> ColumnElement[int]:
    """An instant's column as the number that it holds."""
    return type_coerce(column, BigInteger)


def run_time(c: Columns, now: datetime) -> ColumnElement[int]:
    """How long a run has been running, this very attempt included; never negative."""
    running = micros_of(now) - c.running_since
    so_far = cast(func.round(c.total_run_time * 1_000_000.0), BigInteger)
    return case(
        (running > 0, running),
        (c.running_since.is_not(None), 0),
        (c.total_run_time <= 0, 0),
        (c.total_run_time >= SECONDS_MAX, MICROS_MAX),
        else_=so_far,
    )


def lateness(c: Columns, now: datetime) -> ColumnElement[int]:
    """How late a run started, or is by now if it may still start; never negative."""
    started, expected = micros(c.start_time), micros(c.expected_start_time)
    late, overdue = started - expected, micros_of(now) - expected
    is_open = c.start_time.is_(None) & c.state_type.not_in(FINAL_VALUES)
    return case(
        (late > MICROS_MAX, MICROS_MAX),
        (late > 0, late),
        (and_(is_open, overdue > 0), overdue),
        else_=0,
    )
