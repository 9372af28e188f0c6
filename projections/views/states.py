"""flow_run_states, task_run_states: one row per state that a run has entered, or was found in."""

from collections.abc import Callable, Iterator
from typing import assert_never

from msgspec import json
from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, Table

from events.changes import (
    FlowChange,
    FlowRunChange,
    FlowRunDeleted,
    InputChange,
    LogsWritten,
    ResourceChange,
    SlotsChange,
    StateEntered,
    StateRecorded,
    TaskRunChange,
    TaskRunDeleted,
)
from events.decisions import TOLD, Recorded
from events.instants import micros_of

from ..columns import TEXT, Moment, id_column, partition_column, plain
from ..projection import HOME, Projection, Sql, Statement, deleting, insert

ENTER = Sql(insert(*HOME, "run_id", "type", "name", "timestamp", "state", "position", "is_told"))

DELETE = deleting("run_id", "partition")


def table(name: str) -> Table:
    """The table of a view of states, under *name*.

    `is_told` says that an engine told of it; all others were decided.
    """
    return Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
        partition_column(),
        id_column("run_id"),
        Column("type", TEXT, nullable=False),
        Column("name", TEXT, nullable=False),
        Column("timestamp", Moment, nullable=False),
        Column("state", TEXT, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("is_told", Boolean, nullable=False),
        Index(f"ix_{name}_run", "run_id", "timestamp"),
        Index(f"ix_{name}_time", "timestamp", *HOME),
    )


def _states_of(
    subjects: str, deletion: type[FlowRunDeleted | TaskRunDeleted]
) -> Callable[[Recorded], Iterator[Statement]]:
    """The fold of a view of the states of *subjects*, such as `flow_run:`, until *deletion*."""
    start = len(subjects)

    def fold(recorded: Recorded) -> Iterator[Statement]:
        """The statements that bring the states up to date with one decision."""
        decision, partition = recorded.decision, recorded.partition
        for change in decision.changes:
            if isinstance(change, deletion):
                yield Statement(DELETE, (str(change.id), partition))
        if not decision.subject.startswith(subjects):
            return
        run_id = decision.subject[start:]
        for change in decision.changes:
            match change:
                case StateEntered(state=state) | StateRecorded(state=state):
                    row = (
                        *(str(state.id), partition, run_id, state.type.value, plain(state.name)),
                        *(micros_of(state.timestamp), json.encode(state).decode()),
                        *(recorded.position, decision.kind == TOLD),
                    )
                    yield Statement(ENTER, row)
                case FlowRunChange() | TaskRunChange() | InputChange() | LogsWritten():
                    pass
                case FlowChange() | ResourceChange() | SlotsChange():
                    pass
                case _:
                    assert_never(change)

    return fold


flow_run_states = Projection(
    name="flow_run_states",
    version=3,
    table=table,
    kinds=(ENTER, DELETE),
    fold=_states_of("flow_run:", FlowRunDeleted),
)

task_run_states = Projection(
    name="task_run_states",
    version=3,
    table=table,
    kinds=(ENTER, DELETE),
    fold=_states_of("task_run:", TaskRunDeleted),
)
