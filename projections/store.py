"""The SQL database of the views: how it is opened, what it holds, and how it is written.

Besides the views it holds two tables: `projections`, the version that each view was built by, and
`checkpoints`, the position that each view has reached in each partition. A view's rows and its
checkpoint are written in one transaction, so that a decision is folded exactly once.
"""

from collections.abc import Collection, Generator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection

from events.decisions import Recorded
from events.log import START

from .columns import TEXT, made_for
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
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("entry_id", TEXT, nullable=False),
)

CLAIMED = (
    select(checkpoints)
    .where(checkpoints.c.view.in_(bindparam("views", expanding=True)))
    .where(checkpoints.c.partition.in_(bindparam("partitions", expanding=True)))
    .order_by(checkpoints.c.view, checkpoints.c.partition)
    .with_for_update()
)
"""Built once: building it took a tenth of a small transaction."""

BEGIN = Sql(
    """
INSERT INTO {table} (view, partition, version, position, entry_id)
VALUES (:view, :partition, :version, 0, :entry_id) ON CONFLICT DO NOTHING
"""
)
ADVANCE = Sql(
    """
UPDATE {table} SET position = :position, entry_id = :entry_id
WHERE view = :view AND partition = :partition
"""
)
MOVE = Sql(
    """
INSERT INTO {table} (view, partition, version, position, entry_id)
VALUES (:view, :partition, :version, :position, :entry_id)
ON CONFLICT (view, partition) DO UPDATE
SET version = excluded.version, position = excluded.position, entry_id = excluded.entry_id
"""
)
SWITCHED = Sql(
    """
INSERT INTO {table} (name, version, builds) VALUES (:name, :version, 1)
ON CONFLICT (name) DO UPDATE SET version = excluded.version, builds = {table}.builds + 1
"""
)

ViewTable = tuple[Projection, str]
"""A projection and the table that it is folded into."""


class Outdated(Exception):
    """A view was built by another version of its projection: rebuild it."""


def _outdated(projection: Projection, version: int) -> Outdated:
    return Outdated(
        f"view {projection.name} has version {version} and this program folds version "
        f"{projection.version}: rebuild {projection.name}"
    )


def open_engine(url: str) -> Engine:
    """The database at *url*; SQLite with a write-ahead log, its folder made if it is missing."""
    parsed = make_url(url)
    opened = partial(create_engine, hide_parameters=True)  # errors with what was asked are logged
    if parsed.get_backend_name() != "sqlite":
        return opened(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    Path(parsed.database or "").parent.mkdir(parents=True, exist_ok=True)
    engine = opened(parsed, connect_args={"timeout": 10, "check_same_thread": False})
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
            self.begin(connection)
            versions = select(projections_table.c.name, projections_table.c.version)
            known = {row.name: row.version for row in connection.execute(versions)}
            for projection in projections:
                if projection.name not in known:
                    self.create(connection, projection, projection.name)
                    self._register(connection, projection)
                elif known[projection.name] != projection.version:
                    raise _outdated(projection, known[projection.name])

    def begin(self, connection: Connection) -> None:
        """Make the tables that every database of views has."""
        _metadata.create_all(connection)

    def _register(self, connection: Connection, projection: Projection) -> None:
        row = {"name": projection.name, "version": projection.version, "builds": 0}
        connection.execute(insert(projections_table).values(row))

    def create(self, connection: Connection, projection: Projection, table: str) -> None:
        """An empty *table* for the view, its checkpoints at the beginning of every partition."""
        made_for(connection.dialect.name, projection.table(table)).create(connection)
        for partition in connection.scalars(select(checkpoints.c.partition).distinct()).all():
            self._begin_at_start(connection, [(projection, table)], partition)

    def _begin_at_start(
        self, connection: Connection, tables: Sequence[ViewTable], partition: int
    ) -> None:
        rows: list[Row] = [
            (table, partition, projection.version, START) for projection, table in tables
        ]
        self.execute(connection, "checkpoints", BEGIN, rows)

    def claimed(
        self, connection: Connection, tables: Sequence[ViewTable], partitions: Collection[int]
    ) -> dict[tuple[str, int], int]:
        """The positions of *tables* in *partitions*, which are this transaction's to move.

        Outdated when one of them is another version's by now.
        """
        of = {table: projection for projection, table in tables}
        mine = {"views": list(of), "partitions": list(partitions)}
        rows = connection.execute(CLAIMED, mine).all()
        if len(rows) < len(of) * len(partitions):
            for partition in partitions:
                self._begin_at_start(connection, tables, partition)
            rows = connection.execute(CLAIMED, mine).all()
        reached: dict[tuple[str, int], int] = {}
        for row in rows:
            if row.version != of[row.view].version:
                raise _outdated(of[row.view], row.version)
            reached[row.view, row.partition] = row.position
        return reached

    def reached(self, tables: Sequence[str]) -> dict[int, str]:
        """For each partition, the id of the last entry that all of *tables* hold."""
        query = (
            select(checkpoints.c.partition, checkpoints.c.entry_id)
            .where(checkpoints.c.view.in_(tables))
            .order_by(checkpoints.c.position.desc())
        )
        with self.engine.connect() as connection:
            return {row.partition: row.entry_id for row in connection.execute(query)}

    def advance(self, connection: Connection, ends: Sequence[tuple[str, Recorded]]) -> None:
        """Set checkpoints: each of these tables holds this decision and all before it."""
        rows: list[Row] = [
            (last.position, last.entry_id, table, last.partition) for table, last in ends
        ]
        self.execute(connection, "checkpoints", ADVANCE, rows)

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

    def stage(self, connection: Connection, projection: Projection) -> str:
        """An empty table in which the next build of the view is made; what was left is gone."""
        self.begin(connection)
        named = projections_table.c.name == projection.name
        builds = connection.scalar(select(projections_table.c.builds).where(named))
        staged = f"{projection.name}_build{(builds or 0) + 1}"
        projection.table(staged).drop(connection, checkfirst=True)
        connection.execute(delete(checkpoints).where(checkpoints.c.view == staged))
        self.create(connection, projection, staged)
        return staged

    def switch(self, connection: Connection, projection: Projection, staged: str) -> bool:
        """Put *staged* in the place of the view's table, unless it is behind it somewhere."""
        name, at = projection.name, checkpoints.c
        locked = select(checkpoints).where(at.view.in_([name, staged])).with_for_update()
        rows = connection.execute(locked.order_by(at.view, at.partition)).all()
        ours = {row.partition: row for row in rows if row.view == staged}
        theirs = {row.partition: row for row in rows if row.view == name}
        for partition, row in theirs.items():
            if partition not in ours or ours[partition].position < row.position:
                return False
        projection.table(name).drop(connection, checkfirst=True)
        connection.exec_driver_sql(f"ALTER TABLE {staged} RENAME TO {name}")
        # in place, because a worker may be waiting for these very rows
        moved: list[Row] = [
            (name, row.partition, row.version, row.position, row.entry_id) for row in ours.values()
        ]
        self.execute(connection, "checkpoints", MOVE, moved)
        connection.execute(delete(checkpoints).where(at.view == staged))
        self.execute(connection, "projections", SWITCHED, [(projection.name, projection.version)])
        return True
