"""Rows of the sources as events: what clients told as it is, states with what is around them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, TypeVar
from uuid import UUID

from msgspec import json
from sqlalchemy import Connection, Table, select

from events.entities import Flow, FlowRun, TaskRun
from events.states import StateType
from events.told.event import Event
from events.told.states import (
    FLOW_RUN,
    TASK_RUN,
    DescribedFlowRun,
    DescribedTaskRun,
    Entered,
    flow_run_event,
    left_of,
    task_run_event,
)

from ..entities import AnyRow, flow_of, flow_run_of, state_of, task_run_of
from ..filters import flow_runs, flows, task_runs
from .sources import states_of_flow_runs, states_of_task_runs

E = TypeVar("E")
Ids = AbstractSet[UUID | None]

_events = json.Decoder(Event)


class Around(NamedTuple):
    """All that the events of a page say besides their states, by ids."""

    entered: Mapping[UUID, Entered]
    task_runs: Mapping[UUID, TaskRun]
    flow_runs: Mapping[UUID, FlowRun]
    flows: Mapping[UUID, Flow]


def told(connection: Connection, rows: Sequence[AnyRow]) -> list[Event]:
    """The events of *rows*, in their order."""
    of_flow_runs = {row.run_id for row in rows if row.source == FLOW_RUN}
    of_task_runs = {row.run_id for row in rows if row.source == TASK_RUN}
    around = _around(connection, of_flow_runs, of_task_runs)
    return [_event(row, around) for row in rows]


def _around(
    connection: Connection, of_flow_runs: AbstractSet[UUID], of_task_runs: AbstractSet[UUID]
) -> Around:
    runs = _by_id(connection, flow_runs, of_flow_runs, flow_run_of)
    parents = {run.attributes.parent_task_run_id for run in runs.values()} - {None}
    tasks = _by_id(connection, task_runs, of_task_runs | parents, task_run_of)
    outer = {tasks[id].attributes.flow_run_id for id in of_task_runs} - {None, *runs}
    runs |= _by_id(connection, flow_runs, outer, flow_run_of)
    return Around(
        entered=dict(
            (
                *_entered(connection, states_of_flow_runs, of_flow_runs),
                *_entered(connection, states_of_task_runs, of_task_runs),
            )
        ),
        task_runs=tasks,
        flow_runs=runs,
        flows=_by_id(connection, flows, {run.attributes.flow_id for run in runs.values()}, flow_of),
    )


def _by_id(
    connection: Connection,
    table: Table,
    ids: AbstractSet[UUID | None],
    entity: Callable[[AnyRow], E],
) -> dict[UUID, E]:
    if not ids:
        return {}
    return {
        row.id: entity(row) for row in connection.execute(select(table).where(table.c.id.in_(ids)))
    }


def _entered(connection: Connection, states: Table, run_ids: Ids) -> Iterator[tuple[UUID, Entered]]:
    """The states of some runs, each with the one before it, by their ids."""
    if not run_ids:
        return
    c = states.c
    query = select(c.run_id, c.state).where(c.run_id.in_(run_ids))
    run_id, left, run_count = None, None, 0
    for row in connection.execute(query.order_by(c.run_id, c.timestamp, c.position)):
        if row.run_id != run_id:
            run_id, left, run_count = row.run_id, None, 0
        state = state_of(row.state)
        run_count += state.type is StateType.RUNNING
        yield state.id, Entered(state, left, run_count)
        left = left_of(state)


def _event(row: AnyRow, around: Around) -> Event:
    if row.source == FLOW_RUN:
        return flow_run_event(around.entered[row.id], _flow_run(row.run_id, around))
    if row.source == TASK_RUN:
        return task_run_event(around.entered[row.id], _task_run(row.run_id, around))
    return _events.decode(row.body)


def _flow_run(id: UUID, around: Around) -> DescribedFlowRun:
    run = around.flow_runs[id].attributes
    parent = around.task_runs.get(run.parent_task_run_id or id)
    parent_name = None if parent is None else parent.attributes.name
    return DescribedFlowRun(run, around.flows.get(run.flow_id), parent_name)


def _task_run(id: UUID, around: Around) -> DescribedTaskRun:
    run = around.task_runs[id]
    flow_run = around.flow_runs.get(run.attributes.flow_run_id or id)
    if flow_run is None:
        return DescribedTaskRun(run, None, None)
    attributes = flow_run.attributes
    return DescribedTaskRun(run, attributes, around.flows.get(attributes.flow_id))
