"""Counts of deployments and task runs, by what they belong to and by how they stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Connection, func, literal_column, select

from events.instants import instant_of, micros_of
from events.queries import TaskRunQuery
from events.queries.overviews import SPANS, Counts, Ended
from events.states import StateType

from ..criteria import Conditions
from ..demands import resources
from ..estimates import micros
from ..filters import task_runs, task_runs_matching

FAILED = (StateType.FAILED.value, StateType.CRASHED.value)
COMPLETED = StateType.COMPLETED.value


def deployments_counted(connection: Connection, flow_ids: Sequence[UUID]) -> Counts:
    """How many deployments each of these flows has."""
    c = resources.c
    return _counted(connection, c.parent_id, flow_ids, [c.kind == "deployment"])


def task_runs_counted(connection: Connection, flow_run_ids: Sequence[UUID]) -> Counts:
    """How many task runs each of these flow runs has."""
    return _counted(connection, task_runs.c.flow_run_id, flow_run_ids, [])


def counted_by_state(connection: Connection, query: TaskRunQuery) -> dict[StateType, int]:
    """How many task runs of flow runs match, by the type of their state; those without none."""
    c = task_runs.c
    found = (
        select(c.state_type, func.count())
        .where(c.flow_run_id.is_not(None), c.state_type.is_not(None))
        .where(*task_runs_matching(c, query))
        .group_by(c.state_type)
    )
    counts = {StateType(type): count for type, count in connection.execute(found)}
    return {type: counts.get(type, 0) for type in StateType}


def ended_in_spans(
    connection: Connection, query: TaskRunQuery, start: datetime, end: datetime
) -> list[Ended]:
    """How the task runs that match ended, by when they started: in equal parts from *start* on."""
    c, first, last = task_runs.c, micros_of(start), micros_of(end)
    step = -((first - last) // SPANS)
    if step <= 0:
        return [Ended()] * SPANS
    # written out, because PostgreSQL groups by the text of an expression
    begin, width = (literal_column(str(number), BigInteger) for number in (first, step))
    span = (micros(c.start_time) - begin) // width
    found = (
        select(span, c.state_type, func.count())
        .where(c.start_time >= start, c.start_time < instant_of(first + step * SPANS))
        .where(c.state_type.in_((COMPLETED, *FAILED)))
        .where(*task_runs_matching(c, query))
        .group_by(span, c.state_type)
    )
    completed, failed = [0] * SPANS, [0] * SPANS
    for place, type, count in connection.execute(found):
        (completed if type == COMPLETED else failed)[place] += count
    return [Ended(*each) for each in zip(completed, failed, strict=True)]


def _counted(
    connection: Connection, column: Column[Any], ids: Sequence[UUID], conditions: Conditions
) -> Counts:
    found = select(column, func.count()).where(column.in_(ids), *conditions).group_by(column)
    counts: Counts = {row[0]: row[1] for row in connection.execute(found)}
    return {id: counts.get(id, 0) for id in ids}
