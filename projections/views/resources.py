"""resources: one row per resource of whatever kind, its fields as JSON.

Resources of different kinds may have one id: a client names the ids of some.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never, cast

from msgspec import to_builtins
from sqlalchemy import JSON, BigInteger, Column, Index, MetaData, Table

from events.changes import (
    FlowChange,
    FlowRunChange,
    InputChange,
    LogsWritten,
    ResourceRemoved,
    ResourceStored,
    SlotsChange,
    StateChange,
    TaskRunChange,
)
from events.decisions import Recorded
from events.instants import micros_of
from events.resources.registry import kind_of, parent_of
from events.resources.resource import Resource

from ..columns import NAME, TEXT, Moment, id_column, plain, plain_or_none, structure, text_id
from ..projection import Projection, Row, Sql, Statement, deleting

STORE = Sql(
    """
INSERT INTO {table} (id, kind, parent_id, name, tags, created, updated, shown, body, position)
VALUES (:id, :kind, :parent_id, :name, :tags, :created, :updated, :shown, :body, :position)
ON CONFLICT (id, kind) DO UPDATE
SET parent_id = excluded.parent_id, name = excluded.name, tags = excluded.tags,
    updated = excluded.updated, shown = excluded.shown, body = excluded.body,
    position = excluded.position
WHERE {table}.position < excluded.position
""",
    in_order=True,
)

DELETE = deleting("id", "kind")


def table(name: str) -> Table:
    """The table of the view, under *name*."""
    return Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
        Column("kind", TEXT, primary_key=True),
        id_column("parent_id"),
        Column("name", NAME),
        Column("tags", TEXT),
        Column("created", Moment, nullable=False),
        Column("updated", Moment, nullable=False),
        Column("shown", JSON, nullable=False),
        Column("body", TEXT, nullable=False),
        Column("position", BigInteger, nullable=False),
        Index(f"ix_{name}_kind_name", "kind", "name"),
        Index(f"ix_{name}_kind_parent", "kind", "parent_id"),
    )


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring resources up to date with one decision."""
    for change in recorded.decision.changes:
        match change:
            case ResourceStored(resource=resource):
                yield Statement(STORE, _row(resource, recorded.position))
            case ResourceRemoved(id=id, kind=kind):
                yield Statement(DELETE, (str(id), kind))
            case FlowRunChange() | TaskRunChange() | StateChange() | InputChange() | LogsWritten():
                pass
            case FlowChange() | SlotsChange():
                pass
            case _:
                assert_never(change)


def _row(resource: Resource, position: int) -> Row:
    kind, parent = kind_of(resource), parent_of(resource)
    above = getattr(resource, kind.under) if kind.under else None if parent is None else parent[1]
    shown = {field: _shown(getattr(resource, field)) for field in kind.shown}
    tags: list[str] | None = getattr(resource, "tags", None)
    return (
        str(resource.id),
        kind.name,
        text_id(above),
        plain_or_none(getattr(resource, kind.called, None)),
        structure(None if tags is None else [plain(tag) for tag in tags]),
        micros_of(resource.created),
        micros_of(resource.updated),
        structure(shown),
        structure(resource),
        position,
    )


def _shown(value: object) -> object:
    """A field as filters compare it: instants as in columns, texts `plain`, ids as text."""
    match value:
        case datetime():
            return micros_of(value)
        case str():
            return plain(value)
        case list():
            return [_shown(each) for each in cast("list[object]", value)]
        case _:
            return to_builtins(value)


resources = Projection(name="resources", version=4, table=table, kinds=(STORE, DELETE), fold=fold)
