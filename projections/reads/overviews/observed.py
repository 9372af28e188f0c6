"""Observed states: which states there have been, of flow runs and of task runs."""

from typing import Any

from sqlalchemy import Connection, Select, Table, func, or_, select, union_all

from events.queries.overviews import ObservedQuery, ObservedState
from events.states import StateType

from ...columns import plain
from ...views.states import flow_run_states, task_run_states
from ..criteria import folded

_TABLES = tuple(view.table(view.name) for view in (flow_run_states, task_run_states))


def observed(connection: Connection, query: ObservedQuery) -> list[ObservedState]:
    """The kinds of states that runs which still are have been in."""
    each = union_all(*(_kinds(table, query.beginning) for table in _TABLES)).subquery()
    c = each.c
    last = func.max(c.last)
    by_name = (c.type, c.name)
    found = (
        select(c.type, c.name, func.min(c.first), last)
        .group_by(*by_name)
        .order_by(*(by_name if query.sort == "NAME_ASC" else (last.desc(), *by_name)))
        .limit(query.limit)
    )
    return [
        ObservedState(
            state_type=StateType(type), state_name=name, first_seen=first, last_seen=last_seen
        )
        for type, name, first, last_seen in connection.execute(found)
    ]


def _kinds(table: Table, beginning: str) -> Select[Any, Any, Any, Any]:
    c, wanted = table.c, plain(folded(beginning))
    first, last = func.min(c.timestamp).label("first"), func.max(c.timestamp).label("last")
    return (
        select(c.type, c.name, first, last)
        .where(
            or_(
                func.lower(c.name).startswith(wanted, autoescape=True),
                func.lower(c.type).startswith(wanted, autoescape=True),
            )
        )
        .group_by(c.type, c.name)
    )
