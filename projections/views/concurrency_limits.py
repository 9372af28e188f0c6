"""concurrency_limits: one row per concurrency limit, to list them by name; counts are elsewhere."""

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Index, MetaData, Table

from events.changes import LimitRemoved, LimitStored
from events.decisions import Recorded

from ..columns import NAME, id_column, plain
from ..projection import DELETE, Projection, Sql, Statement

STORE = Sql(
    """
INSERT INTO {table} (id, name, position) VALUES (:id, :name, :position)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, position = excluded.position
WHERE {table}.position < excluded.position
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
        Column("position", BigInteger, nullable=False),
        Index(f"ix_{name}_name", "name"),
    )


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring concurrency_limits up to date with one decision."""
    for change in recorded.decision.changes:
        match change:
            case LimitStored(limit=limit):
                row = (str(limit.id), plain(limit.name), recorded.position)
                yield Statement(STORE, row)
            case LimitRemoved(id=id):
                yield Statement(DELETE, (str(id),))
            case _:
                pass


concurrency_limits = Projection(
    name="concurrency_limits", version=2, table=table, kinds=(STORE, DELETE), fold=fold
)
