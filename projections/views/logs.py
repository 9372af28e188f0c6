"""logs: one row per line that a run logged."""

from collections.abc import Iterator
from typing import assert_never

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table

from events.changes import (
    FlowChange,
    FlowRunChange,
    FlowRunDeleted,
    InputChange,
    LogsWritten,
    ResourceChange,
    SlotsChange,
    StateChange,
    TaskRunChange,
    TaskRunDeleted,
)
from events.decisions import Recorded
from events.instants import micros_of

from ..columns import TEXT, Moment, id_column, partition_column, plain, text_id
from ..projection import HOME, Projection, Sql, Statement, deleting, insert

WRITE = Sql(
    insert(
        *(*HOME, "name", "level", "message", "timestamp"),
        *("flow_run_id", "task_run_id", "position"),
    )
)

DELETE_OF_FLOW_RUN = deleting("flow_run_id", "partition")
DELETE_OF_TASK_RUN = deleting("task_run_id", "partition")


def table(name: str) -> Table:
    """The table of the view, under *name*."""
    return Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
        partition_column(),
        Column("name", TEXT, nullable=False),
        Column("level", Integer, nullable=False),
        Column("message", TEXT, nullable=False),
        Column("timestamp", Moment, nullable=False),
        id_column("flow_run_id"),
        id_column("task_run_id"),
        Column("position", BigInteger, nullable=False),
        Index(f"ix_{name}_timestamp", "timestamp"),
        Index(f"ix_{name}_flow_run_id", "flow_run_id", "timestamp"),
        Index(f"ix_{name}_task_run_id", "task_run_id", "timestamp"),
    )


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring logs up to date with one decision."""
    partition = recorded.partition
    for change in recorded.decision.changes:
        match change:
            case LogsWritten(lines=lines):
                for line in lines:
                    row = (
                        *(str(line.id), partition, plain(line.name), line.level),
                        *(plain(line.message), micros_of(line.timestamp)),
                        *(text_id(line.flow_run_id), text_id(line.task_run_id)),
                        recorded.position,
                    )
                    yield Statement(WRITE, row)
            case FlowRunDeleted(id=id):
                yield Statement(DELETE_OF_FLOW_RUN, (str(id), partition))
            case TaskRunDeleted(id=id):
                yield Statement(DELETE_OF_TASK_RUN, (str(id), partition))
            case FlowRunChange() | TaskRunChange() | StateChange() | InputChange():
                pass
            case FlowChange() | ResourceChange() | SlotsChange():
                pass
            case _:
                assert_never(change)


logs = Projection(
    name="logs",
    version=2,
    table=table,
    kinds=(WRITE, DELETE_OF_FLOW_RUN, DELETE_OF_TASK_RUN),
    fold=fold,
)
