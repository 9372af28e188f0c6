"""task_runs: one row per task run, what it is and where it is now.

A task run that is told of under two flow runs is decided in two partitions, and has a row in each.
"""

from collections.abc import Iterator
from typing import assert_never

from msgspec import UNSET, json
from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table

from events.changes import (
    FlowChange,
    FlowRunChange,
    InputChange,
    LogsWritten,
    ResourceChange,
    SlotsChange,
    StateEntered,
    StateRecorded,
    TaskRunAmended,
    TaskRunCreated,
    TaskRunDeleted,
    TaskRunEnqueued,
    TaskStateCached,
)
from events.decisions import Recorded
from events.entities import TaskRunAttributes
from events.instants import micros_of

from ..columns import (
    TEXT,
    Moment,
    id_column,
    partial_index,
    partition_column,
    plain,
    structure,
    text_id,
)
from ..projection import HOME, SEEN, Projection, Row, Sql, Statement, deleting, insert, where
from .runs import enter, entered, far_from_expected, touch

CREATE = Sql(
    insert(
        *(*HOME, "flow_run_id", "name", "tags", "attributes", "flow_run_run_count"),
        *("run_count", "total_run_time", "updated", "version", "position"),
    )
)
AMEND = Sql(
    f"""
UPDATE {{table}} SET name = :name, tags = :tags, attributes = :attributes,
  flow_run_run_count = CASE WHEN :has_count THEN :count ELSE flow_run_run_count END, {SEEN}
 WHERE {where(*HOME)}
"""  # noqa: S608 - the text is our own
)
ENTER, TOUCH, DELETE = enter(*HOME), touch(*HOME), deleting(*HOME)


def table(name: str) -> Table:
    """The table of the view, under *name*.

    `running_since` is set while a run is running: its run time is the time since then.
    """
    columns = Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
        partition_column(),
        id_column("flow_run_id"),
        id_column("state_id"),
        *(Column(text, TEXT) for text in ("name", "tags", "attributes")),
        *(Column(text, TEXT) for text in ("state_type", "state_name", "state")),
        *(Column(time, Moment) for time in ("state_timestamp", "expected_start_time")),
        *(Column(time, Moment) for time in ("next_scheduled_start_time", "start_time")),
        *(Column(time, Moment) for time in ("end_time", "updated")),
        *(Column(count, Integer, nullable=False) for count in ("run_count", "version")),
        Column("flow_run_run_count", Integer, nullable=False),
        Column("total_run_time", Float(53), nullable=False),
        Column("running_since", BigInteger),
        Column("position", BigInteger, nullable=False),
        Index(f"ix_{name}_flow_run_id", "flow_run_id", *HOME),
        Index(f"ix_{name}_expected", "expected_start_time"),
    )
    since = columns.c.running_since
    running = since.is_not(None)
    partial_index(f"ix_{name}_running", running, since)
    partial_index(f"ix_{name}_running_far", far_from_expected(columns.c), since)
    return columns


def _attributes(run: TaskRunAttributes) -> Row:
    tags = structure([plain(tag) for tag in run.tags])
    return (plain(run.name), tags, json.encode(run).decode())


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring task_runs up to date with one decision."""
    decision, partition = recorded.decision, recorded.partition
    for change in decision.changes:
        if isinstance(change, TaskRunDeleted):
            yield Statement(DELETE, (str(change.id), partition))
    if not decision.subject.startswith("task_run:"):
        return
    at, version = micros_of(decision.at), decision.version
    seen: Row = (recorded.position, at, version, decision.subject[9:], partition)
    is_seen = version == 0
    for change in decision.changes:
        match change:
            case TaskRunDeleted():
                is_seen = True
            case TaskRunCreated(attributes=run):
                ids = (str(run.id), partition, text_id(run.flow_run_id))
                row = (*ids, *_attributes(run), 0, 0, 0.0, at, version, recorded.position)
                yield Statement(CREATE, row)
            case StateEntered():
                is_seen = True
                yield Statement(ENTER, entered(change, seen))
            case TaskRunAmended(attributes=run, flow_run_run_count=count):
                is_seen = True
                counted: Row = (False, None) if count is UNSET else (True, count)
                yield Statement(AMEND, (*_attributes(run), *counted, *seen))
            case StateRecorded() | TaskRunEnqueued() | TaskStateCached():
                pass
            case FlowRunChange() | InputChange() | LogsWritten():
                pass
            case FlowChange() | ResourceChange() | SlotsChange():
                pass
            case _:
                assert_never(change)
    if not is_seen:
        yield Statement(TOUCH, seen)


task_runs = Projection(
    name="task_runs", version=4, table=table, kinds=(CREATE, ENTER, AMEND, TOUCH, DELETE), fold=fold
)
