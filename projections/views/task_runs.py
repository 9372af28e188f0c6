"""task_runs: one row per task run, what it is and where it is now."""

from collections.abc import Iterator
from typing import assert_never

from msgspec import UNSET, json
from sqlalchemy import BigInteger, Column, Float, Index, Integer, MetaData, Table

from events.changes import (
    FlowAmended,
    FlowDeleted,
    FlowRegistered,
    FlowRunAmended,
    FlowRunCreated,
    FlowRunDeleted,
    InputsDeleted,
    InputStored,
    LeaseRenewed,
    LimitRemoved,
    LimitStored,
    LogsWritten,
    PolicyAmended,
    ResourceRemoved,
    ResourceStored,
    SlotsGiven,
    SlotsTaken,
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
from events.states import StateType

from ..columns import TEXT, Moment, id_column, micros, plain, structure, text_id, whole_micros
from ..projection import SEEN, Projection, Row, Sql, Statement, insert, newest

CREATE = Sql(
    insert(
        *("id", "flow_run_id", "name", "tags", "attributes", "flow_run_run_count"),
        *("run_count", "total_run_time", "updated", "version", "position"),
    )
)
ENTER = Sql(
    f"""
UPDATE {{table}} SET state_id = :state_id, state_type = :state_type, state_name = :state_name,
  state_timestamp = :state_timestamp, state = :state, run_count = :run_count,
  expected_start_time = :expected_start_time,
  next_scheduled_start_time = :next_scheduled_start_time,
  start_time = :start_time, end_time = :end_time, total_run_time = :total_run_time,
  running_since = :running_since, {SEEN}
 WHERE id = :id
""",  # noqa: S608 - the text is our own
    gather=newest,
)
AMEND = Sql(
    f"""
UPDATE {{table}} SET name = :name, tags = :tags, attributes = :attributes,
  flow_run_run_count = CASE WHEN :has_count THEN :count ELSE flow_run_run_count END, {SEEN}
 WHERE id = :id
"""  # noqa: S608 - the text is our own
)
DELETE = Sql("DELETE FROM {table} WHERE id = :id", in_order=True)
TOUCH = Sql(f"UPDATE {{table}} SET {SEEN} WHERE id = :id")  # noqa: S608 - the text is our own


def table(name: str) -> Table:
    """The table of the view, under *name*.

    `running_since` is set while a run is running: its run time is the time since then.
    """
    columns = Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
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
        Index(f"ix_{name}_flow_run_id", "flow_run_id", "id"),
        Index(f"ix_{name}_expected", "expected_start_time"),
    )
    since = columns.c.running_since
    running = since.is_not(None)
    Index(f"ix_{name}_running", since, sqlite_where=running, postgresql_where=running)
    return columns


def _attributes(run: TaskRunAttributes) -> Row:
    tags = structure([plain(tag) for tag in run.tags])
    return (plain(run.name), tags, json.encode(run).decode())


def _entered(change: StateEntered, seen: Row) -> Row:
    state, booked = change.state, change.booked
    at = micros_of(state.timestamp)
    is_running = state.type is StateType.RUNNING
    return (
        *(str(state.id), state.type.value, plain(state.name), at),
        *(json.encode(state).decode(), booked.run_count, micros(booked.expected_start_time)),
        *(micros(booked.next_scheduled_start_time), micros(booked.start_time)),
        *(micros(booked.end_time), booked.total_run_time),
        at - whole_micros(booked.total_run_time) if is_running else None,
        *seen,
    )


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring task_runs up to date with one decision."""
    decision = recorded.decision
    for change in decision.changes:
        if isinstance(change, TaskRunDeleted):
            yield Statement(DELETE, (str(change.id),))
    if not decision.subject.startswith("task_run:"):
        return
    at, version = micros_of(decision.at), decision.version
    seen: Row = (recorded.position, at, version, decision.subject[9:])
    is_seen = version == 0
    for change in decision.changes:
        match change:
            case TaskRunDeleted():
                is_seen = True
            case TaskRunCreated(attributes=run):
                ids = (str(run.id), text_id(run.flow_run_id))
                row = (*ids, *_attributes(run), 0, 0, 0.0, at, version, recorded.position)
                yield Statement(CREATE, row)
            case StateEntered():
                is_seen = True
                yield Statement(ENTER, _entered(change, seen))
            case TaskRunAmended(attributes=run, flow_run_run_count=count):
                is_seen = True
                counted: Row = (False, None) if count is UNSET else (True, count)
                yield Statement(AMEND, (*_attributes(run), *counted, *seen))
            case FlowAmended() | FlowDeleted():
                pass
            case FlowRegistered() | FlowRunCreated() | FlowRunAmended() | PolicyAmended():
                pass
            case StateRecorded() | InputStored() | InputsDeleted() | LogsWritten():
                pass
            case FlowRunDeleted():
                pass
            case TaskRunEnqueued() | TaskStateCached():
                pass
            case ResourceStored() | ResourceRemoved():
                pass
            case LimitStored() | LimitRemoved() | LeaseRenewed():
                pass
            case SlotsTaken() | SlotsGiven():
                pass
            case _:
                assert_never(change)
    if not is_seen:
        yield Statement(TOUCH, seen)


task_runs = Projection(
    name="task_runs", version=2, table=table, kinds=(CREATE, ENTER, AMEND, TOUCH, DELETE), fold=fold
)
