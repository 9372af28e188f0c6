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
Place = tuple[UUID, int]
"""The id and the partition of a row, which say together which one it is."""

_events = json.Decoder(Event)


class Around(NamedTuple):
    """All that the events of a page say besides their states, by ids.

    What was *entered* is there for each source. *parents* are task runs that stand for subflows; of
    several with one id, the one that a read by id gives.
    """

    entered: Mapping[str, Mapping[Place, Entered]]
    task_runs: Mapping[Place, TaskRun]
    parents: Mapping[UUID, TaskRun]
    flow_runs: Mapping[UUID, FlowRun]
    flows: Mapping[UUID, Flow]


def told(connection: Connection, rows: Sequence[AnyRow]) -> list[Event]:
    """The events of *rows*, in their order."""
    of_flow_runs = {row.run_id for row in rows if row.source == FLOW_RUN}
    of_task_runs = {(row.run_id, row.partition) for row in rows if row.source == TASK_RUN}
    around = _around(connection, of_flow_runs, of_task_runs)
    return [_event(row, around) for row in rows]


def _around(
    connection: Connection, of_flow_runs: AbstractSet[UUID], of_task_runs: AbstractSet[Place]
) -> Around:
    runs = _by_id(connection, flow_runs, of_flow_runs, flow_run_of)
    parents = {run.attributes.parent_task_run_id for run in runs.values()} - {None}
    task_run_ids = {id for id, _ in of_task_runs}
    tasks = _tasks(connection, task_run_ids | parents)
    outer = {tasks[place].attributes.flow_run_id for place in of_task_runs} - {None, *runs}
    runs |= _by_id(connection, flow_runs, outer, flow_run_of)
    return Around(
        entered={
            FLOW_RUN: dict(_entered(connection, states_of_flow_runs, of_flow_runs)),
            TASK_RUN: dict(_entered(connection, states_of_task_runs, task_run_ids)),
        },
        task_runs=tasks,
        parents={id: tasks[id, partition] for id, partition in sorted(tasks, reverse=True)},
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


def _tasks(connection: Connection, ids: Ids) -> dict[Place, TaskRun]:
    if not ids:
        return {}
    query = select(task_runs).where(task_runs.c.id.in_(ids))
    return {(row.id, row.partition): task_run_of(row) for row in connection.execute(query)}


def _entered(
    connection: Connection, states: Table, run_ids: Ids
) -> Iterator[tuple[Place, Entered]]:
    """The states of some runs, each with the one before it in its partition."""
    if not run_ids:
        return
    c = states.c
    query = select(c.run_id, c.partition, c.state).where(c.run_id.in_(run_ids))
    run, left, run_count = None, None, 0
    for row in connection.execute(query.order_by(c.run_id, c.partition, c.timestamp, c.position)):
        if run != (row.run_id, row.partition):
            run, left, run_count = (row.run_id, row.partition), None, 0
        state = state_of(row.state)
        run_count += state.type is StateType.RUNNING
        yield (state.id, row.partition), Entered(state, left, run_count)
        left = left_of(state)


def _event(row: AnyRow, around: Around) -> Event:
    place = row.id, row.partition
    if row.source == FLOW_RUN:
        entered = around.entered[FLOW_RUN][place]
        return flow_run_event(entered, _flow_run(row.run_id, around))
    if row.source == TASK_RUN:
        entered = around.entered[TASK_RUN][place]
        return task_run_event(entered, _task_run((row.run_id, row.partition), around))
    return _events.decode(row.body)


def _flow_run(id: UUID, around: Around) -> DescribedFlowRun:
    run = around.flow_runs[id].attributes
    parent = around.parents.get(run.parent_task_run_id or id)
    parent_name = None if parent is None else parent.attributes.name
    return DescribedFlowRun(run, around.flows.get(run.flow_id), parent_name)


def _task_run(place: Place, around: Around) -> DescribedTaskRun:
    run = around.task_runs[place]
    flow_run = around.flow_runs.get(run.attributes.flow_run_id or run.attributes.id)
    if flow_run is None:
        return DescribedTaskRun(run, None, None)
    attributes = flow_run.attributes
    return DescribedTaskRun(run, attributes, around.flows.get(attributes.flow_id))
