"""Clearing drops the views and what goes with them, and leaves the tables of others alone."""

from collections.abc import Callable

from sqlalchemy import inspect

from projections.clearing import clear, tables_of
from projections.store import Store
from projections.told import events
from projections.views import PROJECTIONS
from tests.support.rows import Database


def test_a_cleared_database_is_as_before_the_first_view(
    new_database: Callable[[], Database],
) -> None:
    engine = new_database().engine
    assert tables_of(engine, PROJECTIONS) == []
    store = Store(engine)
    store.prepare(PROJECTIONS)
    with store.writing() as connection:
        staged = store.stage(connection, PROJECTIONS[0])
        events.create(connection)
        connection.exec_driver_sql("CREATE TABLE somebody_elses (id INTEGER)")
    found = tables_of(engine, PROJECTIONS)
    assert {staged, "events", "checkpoints", "projections"} < {*found}
    assert {projection.name for projection in PROJECTIONS} < {*found}

    clear(engine, PROJECTIONS)

    assert tables_of(engine, PROJECTIONS) == []
    assert inspect(engine).get_table_names() == ["somebody_elses"]
    store.prepare(PROJECTIONS)
