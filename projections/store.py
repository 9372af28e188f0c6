"""The SQL database of the views: how it is opened, what it holds, and how it is written.

Besides the views it holds two tables: `projections`, the version that each view was built by, and
`checkpoints`, the position that each view has reached in each partition. A view's rows and its
checkpoint are written in one transaction, so that a decision is folded exactly once.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from events.log import START

from .columns import TEXT
from .projection import Projection, Row, Sql

_metadata = MetaData()

projections_table = Table(
    "projections",
    _metadata,
    Column("name", TEXT, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("builds", Integer, nullable=False),
)
checkpoints = Table(
    "checkpoints",
    _metadata,
    Column("view", TEXT, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("entry_id", TEXT, nullable=False),
)


class Outdated(Exception):
    """A view was built by another version of its projection: rebuild it."""


def open_engine(url: str) -> Engine:
    """The database at *url*; SQLite with a write-ahead log, its folder made if it is missing."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, connect_args={"timeout": 10, "check_same_thread": False})
    event.listen(engine, "connect", _tune)
    event.listen(engine, "begin", _begin)
    return engine


def _tune(connection: DBAPIConnection, _: object) -> None:
    # the driver would begin transactions by itself, and not for every statement
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        # a transaction lost with the power is folded again from the log
        "synchronous = NORMAL",
        "temp_store = MEMORY",
        "cache_size = -65536",
        "mmap_size = 268435456",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


class Store:
    """The views' tables and checkpoints, as their one or more writers see them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._writer = engine.execution_options(is_writing=True)
        self._texts: dict[tuple[Sql, str], str] = {}

    @contextmanager
    def writing(self) -> Generator[Connection]:
        """A transaction that writes: everything in it stands, or nothing does."""
        with self._writer.begin() as connection:
            yield connection

    def prepare(self, projections: Sequence[Projection]) -> None:
        """Make the tables that are missing; Outdated when one was built by another version."""
        with self.writing() as connection:
            _metadata.create_all(connection)
            known = dict(self._versions(connection))
            for projection in projections:
                self._prepare(connection, projection, known.get(projection.name))

    def _versions(self, connection: Connection) -> list[tuple[str, int]]:
        rows = connection.execute(select(projections_table.c.name, projections_table.c.version))
        return [(name, version) for name, version in rows]

    def _prepare(self, connection: Connection, projection: Projection, version: int | None) -> None:
        if version is not None and version != projection.version:
            raise Outdated(
                f"view {projection.name} has version {version} and this program folds version "
                f"{projection.version}: rebuild {projection.name}"
            )
        if version is None:
            self.create(connection, projection, projection.name)
            row = {"name": projection.name, "version": projection.version, "builds": 0}
            connection.execute(insert(projections_table).values(row))

    def create(self, connection: Connection, projection: Projection, table: str) -> None:
        """An empty *table* for the view, its checkpoints at the beginning of every partition."""
        projection.table(table).create(connection)
        partitions = connection.scalars(select(checkpoints.c.partition).distinct()).all()
        self._begin_at_start(connection, [table], partitions)

    def _begin_at_start(
        self, connection: Connection, tables: Sequence[str], partitions: Sequence[int]
    ) -> None:
        begin = Sql(
            "INSERT INTO {table} (view, partition, position, entry_id) "
            "VALUES (:view, :partition, 0, :entry_id) ON CONFLICT DO NOTHING"
        )
        rows: list[Row] = [(table, p, START) for table in tables for p in partitions]
        self.execute(connection, "checkpoints", begin, rows)

    def claimed(
        self, connection: Connection, tables: Sequence[str], partition: int
    ) -> dict[str, int]:
        """The positions of *tables* in a partition, which are this transaction's to move."""
        self._begin_at_start(connection, tables, [partition])
        mine = (checkpoints.c.partition == partition) & checkpoints.c.view.in_(tables)
        query = (
            select(checkpoints.c.view, checkpoints.c.position)
            .where(mine)
            .order_by(checkpoints.c.view)
            .with_for_update()
        )
        return {row.view: row.position for row in connection.execute(query)}

    def reached(self, tables: Sequence[str]) -> dict[int, str]:
        """For each partition, the id of the last entry that all of *tables* hold."""
        query = select(checkpoints).where(checkpoints.c.view.in_(tables))
        least: dict[int, tuple[int, str]] = {}
        with self.engine.connect() as connection:
            for _, partition, position, entry_id in connection.execute(query):
                least[partition] = min(
                    least.get(partition, (position, entry_id)), (position, entry_id)
                )
        return {partition: entry_id for partition, (_, entry_id) in least.items()}

    def advance(
        self,
        connection: Connection,
        tables: Sequence[str],
        partition: int,
        position: int,
        entry_id: str,
    ) -> None:
        """Set the checkpoint of *tables* in a partition."""
        at = (checkpoints.c.partition == partition) & checkpoints.c.view.in_(tables)
        connection.execute(
            update(checkpoints).where(at).values(position=position, entry_id=entry_id)
        )

    def execute(self, connection: Connection, table: str, sql: Sql, rows: list[Row]) -> None:
        """Execute *sql* for each row, straight through the driver."""
        if sql.gather is not None:
            rows = sql.gather(rows)
        if not rows:
            return
        text = self._texts.get((sql, table))
        if text is None:
            text = sql.numbered(table) if self._is_sqlite else sql.named(table)
            self._texts[sql, table] = text
        if self._is_sqlite:
            connection.exec_driver_sql(text, rows)
        else:
            names = sql.names
            connection.exec_driver_sql(text, [dict(zip(names, row, strict=True)) for row in rows])

    def next_table(self, connection: Connection, projection: Projection) -> str:
        """The name under which the next build of the view is made."""
        query = select(projections_table.c.builds).where(
            projections_table.c.name == projection.name
        )
        return f"{projection.name}_build{(connection.scalar(query) or 0) + 1}"

    def switch(self, connection: Connection, projection: Projection, built: str) -> None:
        """Put the table *built* and its checkpoints in the place of the view's."""
        name = projection.name
        projection.table(name).drop(connection, checkfirst=True)
        connection.exec_driver_sql(f"ALTER TABLE {built} RENAME TO {name}")
        connection.execute(delete(checkpoints).where(checkpoints.c.view == name))
        connection.execute(update(checkpoints).where(checkpoints.c.view == built).values(view=name))
        connection.execute(
            update(projections_table)
            .where(projections_table.c.name == name)
            .values(version=projection.version, builds=projections_table.c.builds + 1)
        )
