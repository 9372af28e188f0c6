"""Where events come from: what clients told, and the states that runs have entered.

All sources have the same columns, so that a page of them all is one query; each one says in its
own terms what a filter demands.
"""

from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Table,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from events.told.filters import EventFilter, NameFilter
from events.told.states import FLOW_RUN, TASK_RUN

from ...told import events
from ...views.states import flow_run_states, task_run_states
from ..criteria import Condition, Conditions, begins, one_of
from ..filters import flow_runs, task_runs


class Prefixed(NamedTuple):
    """A text that is *prefix* and what is in *column*."""

    prefix: str
    column: Column[Any]

    @property
    def text(self) -> ColumnElement[Any]:
        """All of it."""
        return literal(self.prefix) + self.column if self.prefix else self.column

    def among(self, texts: list[str]) -> Condition:
        """It is one of *texts*."""
        own = [each.removeprefix(self.prefix) for each in texts if each.startswith(self.prefix)]
        return one_of(self.column, own)

    def begins(self, text: str) -> Condition:
        """It begins with *text*, its case included."""
        if self.prefix.startswith(text):
            return true()
        if not text.startswith(self.prefix):
            return false()
        return begins(self.column, text.removeprefix(self.prefix))


class Source(Struct, frozen=True, eq=False):
    """One source: its rows, those that belong to it, and where each part of an event is.

    An id and a *partition* are of one row of the source.
    """

    table: Table
    rows: FromClause
    only: Conditions
    occurred: Column[Any]
    name: Prefixed
    resource_id: Prefixed
    resource_name: Column[Any]
    body: Column[Any]
    run_id: ColumnElement[Any]
    partition: ColumnElement[int]

    def conditions(self, wanted: EventFilter) -> Conditions:
        """What of *wanted* SQL can say."""
        found = [*self.only, *(() if wanted.event is None else self._named(wanted.event))]
        span, own = wanted.occurred, wanted.resource
        if span is not None and span.since is not None:
            found.append(self.occurred >= span.since)
        if span is not None and span.until is not None:
            found.append(self.occurred <= span.until)
        if own is not None and own.id:
            found.append(self.resource_id.among(own.id))
        if own is not None and own.id_prefix:
            found.append(or_(*map(self.resource_id.begins, own.id_prefix)))
        if wanted.id is not None and wanted.id.id:
            found.append(self.table.c.id.in_(wanted.id.id))
        return found

    def _named(self, name: NameFilter) -> Conditions:
        found: Conditions = []
        if name.prefix:
            found.append(or_(*map(self.name.begins, name.prefix)))
        found += [~self.name.begins(each) for each in name.exclude_prefix or ()]
        if name.name:
            found.append(self.name.among(name.name))
        if name.exclude_name:
            found.append(~self.name.among(name.exclude_name))
        return found

    def count(self, connection: Connection, wanted: EventFilter) -> int:
        """How many of its events SQL says are wanted."""
        query = select(func.count()).select_from(self.table).where(*self.conditions(wanted))
        return connection.scalar(query) or 0

    def select(self, wanted: EventFilter) -> Select[*tuple[Any, ...]]:
        """Its events that SQL says are wanted."""
        columns = (
            self.occurred.label("occurred"),
            self.table.c.id.label("id"),
            literal(self.name.prefix).label("source"),
            self.name.text.label("name"),
            self.resource_id.text.label("resource_id"),
            self.resource_name.label("resource_name"),
            self.body.label("body"),
            self.run_id.label("run_id"),
            self.partition.label("partition"),
        )
        return select(*columns).select_from(self.rows).where(*self.conditions(wanted))


def _states(
    states: Table, runs: Table, prefix: str, is_its_run: Condition, *only: Condition
) -> Source:
    c = states.c
    return Source(
        table=states,
        rows=states.join(runs, is_its_run),
        only=list(only),
        occurred=c.timestamp,
        name=Prefixed(prefix, c.name),
        resource_id=Prefixed(prefix, c.run_id),
        resource_name=runs.c.name,
        body=c.state,
        run_id=c.run_id,
        partition=c.partition,
    )


states_of_flow_runs = flow_run_states.table(flow_run_states.name)
states_of_task_runs = task_run_states.table(task_run_states.name)
of_flow_run = flow_runs.c.id == states_of_flow_runs.c.run_id
of_task_run = (task_runs.c.id == states_of_task_runs.c.run_id) & (
    task_runs.c.partition == states_of_task_runs.c.partition
)

SOURCES = (
    Source(
        table=events,
        rows=events,
        only=[],
        occurred=events.c.occurred,
        name=Prefixed("", events.c.name),
        resource_id=Prefixed("", events.c.resource_id),
        resource_name=events.c.resource_name,
        body=events.c.body,
        run_id=events.c.id,
        partition=literal(-1),
    ),
    _states(states_of_flow_runs, flow_runs, FLOW_RUN, of_flow_run),
    _states(states_of_task_runs, task_runs, TASK_RUN, of_task_run, states_of_task_runs.c.is_told),
)
