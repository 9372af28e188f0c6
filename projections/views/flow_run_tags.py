"""flow_run_tags: the tags of flow runs, each in the orders in which its runs are asked for.

Row 0 of a run has no tag. It knows when the run starts, for the tags that the run gets later.
"""

from collections.abc import Iterator, Sequence
from typing import assert_never

from msgspec import UNSET
from sqlalchemy import Column, Integer, MetaData, Table

from events.changes import (
    FlowChange,
    FlowRunAmended,
    FlowRunCreated,
    FlowRunDeleted,
    InputChange,
    LogsWritten,
    PolicyAmended,
    ResourceChange,
    SlotsChange,
    StateEntered,
    StateRecorded,
    TaskRunChange,
)
from events.decisions import Recorded

from ..columns import TEXT, Moment, id_column, indexed, micros, partial_index
from ..projection import DELETE, Projection, Sql, Statement, insert, newest

CREATE = Sql(insert("id", "place", "tag"))
ENTER = Sql(
    """
UPDATE {table} SET expected_start_time = :expected_start_time, started = :started
 WHERE id = :id AND (expected_start_time = :expected_start_time AND started = :started) IS NOT TRUE
""",
    gather=newest("id"),
)
UNTAG = Sql("DELETE FROM {table} WHERE id = :id AND place > 0", in_order=True)
TAG = Sql(
    """
INSERT INTO {table} (id, place, tag, expected_start_time, started)
SELECT id, :place, :tag, expected_start_time, started FROM {table} WHERE id = :id AND place = 0
""",
    in_order=True,
)


def table(name: str) -> Table:
    """The table of the view, under *name*.

    `tag` is as indexes have it. `started` is when the run started or, before, should.
    """
    columns = Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
        Column("place", Integer, primary_key=True, autoincrement=False),
        Column("tag", TEXT),
        Column("expected_start_time", Moment),
        Column("started", Moment),
        sqlite_with_rowid=False,
    )
    c, tagged = columns.c, columns.c.tag.is_not(None)
    for order, by in (
        ("id", ()),
        ("expected", (c.expected_start_time,)),
        ("started", (c.started,)),
    ):
        partial_index(f"ix_{name}_{order}", tagged, c.tag, *by, c.id)
    return columns


def _placed(tags: Sequence[str]) -> Iterator[tuple[int, str]]:
    return enumerate(dict.fromkeys(map(indexed, tags)), start=1)


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring flow_run_tags up to date with one decision."""
    decision = recorded.decision
    if not decision.subject.startswith("flow_run:"):
        return
    id = decision.subject[9:]
    for change in decision.changes:
        match change:
            case StateEntered(booked=booked):
                expected = micros(booked.expected_start_time)
                started = micros(booked.start_time)
                yield Statement(ENTER, (expected, expected if started is None else started, id))
            case FlowRunCreated(attributes=run):
                yield Statement(CREATE, (id, 0, None))
                for place, tag in _placed(run.tags):
                    yield Statement(CREATE, (id, place, tag))
            case FlowRunAmended(tags=tags) if tags is not UNSET:
                yield Statement(UNTAG, (id,))
                for place, tag in _placed(tags):
                    yield Statement(TAG, (place, tag, id))
            case FlowRunDeleted():
                yield Statement(DELETE, (id,))
            case FlowRunAmended() | PolicyAmended() | StateRecorded():
                pass
            case TaskRunChange() | InputChange() | LogsWritten():
                pass
            case FlowChange() | ResourceChange() | SlotsChange():
                pass
            case _:
                assert_never(change)


flow_run_tags = Projection(
    name="flow_run_tags",
    version=1,
    table=table,
    kinds=(CREATE, ENTER, UNTAG, TAG, DELETE),
    fold=fold,
)
