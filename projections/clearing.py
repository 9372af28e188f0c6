"""Clearing: a database without views, as it was before the first."""

import re
from collections.abc import Collection

from sqlalchemy import Engine, MetaData, Table, inspect

from .projection import Projection
from .store import checkpoints, projections_table
from .told import events, told_places

_build = re.compile(r"_build\d+$")


def tables_of(engine: Engine, projections: Collection[Projection]) -> list[str]:
    """The tables that keep *projections*, and what goes with them; nobody else's."""
    ours = {table.name for table in (checkpoints, projections_table, events, told_places)}
    ours |= {projection.name for projection in projections}
    return sorted(
        name for name in inspect(engine).get_table_names() if _build.sub("", name) in ours
    )


def clear(engine: Engine, projections: Collection[Projection]) -> None:
    """Drop them all, or none."""
    names = tables_of(engine, projections)
    with engine.execution_options(is_writing=True).begin() as connection:
        for name in names:
            Table(name, MetaData()).drop(connection)
