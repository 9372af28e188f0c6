"""flows: one row per flow."""

from collections.abc import Iterator
from typing import assert_never

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table

from events.changes import (
    FlowAmended,
    FlowDeleted,
    FlowRegistered,
    FlowRunChange,
    InputChange,
    LogsWritten,
    ResourceChange,
    SlotsChange,
    StateChange,
    TaskRunChange,
)
from events.decisions import Recorded
from events.instants import micros_of

from ..columns import NAME, TEXT, Moment, id_column, plain, structure
from ..projection import DELETE, Projection, Sql, Statement, insert

REGISTER = Sql(insert("id", "name", "tags", "labels", "created", "updated", "version", "position"))
TOUCH = Sql(
    """
UPDATE {table} SET version = :version, position = :position
 WHERE id = :id AND position < :position
"""
)

AMEND = Sql(
    """
UPDATE {table} SET tags = :tags, updated = :updated, version = :version, position = :position
 WHERE id = :id AND position < :position
""",
    in_order=True,
)


def table(name: str) -> Table:
    """The table of the view, under *name*."""
    return Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
        Column("name", NAME, nullable=False),
        Column("tags", TEXT, nullable=False),
        Column("labels", TEXT, nullable=False),
        Column("created", Moment, nullable=False),
        Column("updated", Moment, nullable=False),
        Column("version", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Index(f"ix_{name}_name", "name"),
    )


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring flows up to date with one decision."""
    decision, position = recorded.decision, recorded.position
    if not decision.subject.startswith("flow:"):
        return
    for change in decision.changes:
        match change:
            case FlowRegistered(flow=flow):
                yield Statement(
                    REGISTER,
                    (
                        *(str(flow.id), plain(flow.name)),
                        *(structure([plain(tag) for tag in flow.tags]), structure(flow.labels)),
                        *(micros_of(flow.created), micros_of(flow.updated)),
                        *(decision.version, position),
                    ),
                )
            case FlowAmended(tags=tags, updated=updated):
                told = structure([plain(tag) for tag in tags])
                seen = (micros_of(updated), decision.version, position, decision.subject[5:])
                yield Statement(AMEND, (told, *seen))
            case FlowDeleted(id=id):
                yield Statement(DELETE, (str(id),))
            case FlowRunChange() | TaskRunChange() | StateChange() | InputChange() | LogsWritten():
                pass
            case ResourceChange() | SlotsChange():
                pass
            case _:
                assert_never(change)
    if decision.version:
        yield Statement(TOUCH, (decision.version, position, decision.subject[5:]))


flows = Projection(
    name="flows", version=2, table=table, kinds=(REGISTER, TOUCH, AMEND, DELETE), fold=fold
)
