"""What the views of flow runs and of task runs do alike: a row learns the state of its run."""

from typing import Any

from msgspec import json
from sqlalchemy import BigInteger, ColumnElement, literal_column, type_coerce

from events.changes import StateEntered
from events.instants import micros_of
from events.states import StateType

from ..columns import MICROS_MAX, micros, plain, whole_micros
from ..projection import SEEN, Row, Sql, newest, where


def enter(*key: str, also: str = "") -> Sql:
    """The SQL by which the row of this *key* learns the state that its run has entered.

    What it sets *also* comes first in a row.
    """
    return Sql(
        f"""
UPDATE {{table}} SET {also}state_id = :state_id, state_type = :state_type,
  state_name = :state_name, state_timestamp = :state_timestamp, state = :state,
  run_count = :run_count, expected_start_time = :expected_start_time,
  next_scheduled_start_time = :next_scheduled_start_time,
  start_time = :start_time, end_time = :end_time, total_run_time = :total_run_time,
  running_since = :running_since, {SEEN}
 WHERE {where(*key)}
""",  # noqa: S608 - the text is our own
        gather=newest(*key),
    )


def touch(*key: str) -> Sql:
    """The SQL by which the row of this *key* learns that there was a decision about it."""
    return Sql(f"UPDATE {{table}} SET {SEEN} WHERE {where(*key)}")  # noqa: S608 - our own


def entered(change: StateEntered, seen: Row) -> Row:
    """The values of `enter`; of a decision that is *seen* as `SEEN` has it."""
    state, booked = change.state, change.booked
    at = micros_of(state.timestamp)
    is_running = state.type is StateType.RUNNING
    return (
        *(str(state.id), state.type.value, plain(state.name), at, json.encode(state).decode()),
        *(booked.run_count, micros(booked.expected_start_time)),
        *(micros(booked.next_scheduled_start_time), micros(booked.start_time)),
        *(micros(booked.end_time), booked.total_run_time),
        at - whole_micros(booked.total_run_time) if is_running else None,
        *seen,
    )


def far_from_expected(c: Any) -> ColumnElement[bool]:
    """Whether a run of these columns runs since years before or after it was expected.

    Cells tell of it as `bounded`. The numbers are written out, because there is an index of such
    runs: they are very few.
    """
    since = c.running_since - type_coerce(c.expected_start_time, BigInteger)
    least, most = -MICROS_MAX, MICROS_MAX - 1_000_000
    is_below = since < literal_column(str(least), BigInteger)
    return is_below | (since > literal_column(str(most), BigInteger))
