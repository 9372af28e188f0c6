"""Rebuilding: a view is folded anew from the log beside the one in use, which then gives way.

Readers and the worker go on meanwhile. The switch is one transaction and happens only when the
new table is not behind the old one anywhere, so that nobody sees time go back. Only one at a time
rebuilds a view: two would make the same table.
"""

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager

from anyio import to_thread
from sqlalchemy import Engine, text

from events.log import START, EventLog

from .projection import Projection
from .store import Store, ViewTable
from .worker import BATCH_MAX, fold_found

Progress = Callable[[int, int], None]
"""Told how many decisions are folded, and how many there are."""

LOCK = text(
    """
SELECT pg_try_advisory_xact_lock(
    hashtextextended(concat('headgate rebuild ', current_schema(), '.', CAST(:view AS TEXT)), 0)
), set_config('idle_in_transaction_session_timeout', '0', true)
"""
)
"""Whether PostgreSQL gives us the lock of a view, which ends with a transaction that does nothing
else, however long that takes.
"""


class BeingRebuilt(Exception):
    """Somebody else rebuilds the view now: wait until that has ended."""


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


async def rebuild(
    store: Store, log: EventLog, projection: Projection, on_progress: Progress = silent
) -> int:
    """Build the view by *projection* from the log and put it in use; how many decisions it took.

    Raises `BeingRebuilt` when somebody does that already.
    """
    with _alone(store.engine, projection.name):
        return await _rebuilt(store, log, projection, on_progress)


@contextmanager
def _alone(engine: Engine, view: str) -> Generator[None]:
    """Nobody else rebuilds *view* meanwhile. The lock ends with the process, however that ends."""
    locked = _file_locked if engine.dialect.name == "sqlite" else _database_locked
    with locked(engine, view) as is_ours:
        if not is_ours:
            raise BeingRebuilt(
                f"view {view} is being rebuilt already; wait until that has ended, or end it, "
                "and ask again if need be"
            )
        yield


@contextmanager
def _file_locked(engine: Engine, view: str) -> Generator[bool]:
    path = f"{engine.url.database}.{view}.rebuild"
    with open(path, "ab") as file:
        is_ours = _lock(file.fileno())
        try:
            yield is_ours
        finally:
            if is_ours:
                os.unlink(path)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # who had the lock until now may have taken the file away
    return os.fstat(descriptor).st_nlink > 0


@contextmanager
def _database_locked(engine: Engine, view: str) -> Generator[bool]:
    with engine.connect() as connection:
        yield bool(connection.scalar(LOCK, {"view": view}))


async def _rebuilt(
    store: Store, log: EventLog, projection: Projection, on_progress: Progress
) -> int:
    def stage() -> str:
        with store.writing() as connection:
            return store.stage(connection, projection)

    def switch() -> bool:
        with store.writing() as connection:
            return store.switch(connection, projection, staged)

    staged = await to_thread.run_sync(stage)
    done = 0
    while True:
        done = await _catch_up(store, log, (projection, staged), done, on_progress)
        if await to_thread.run_sync(switch):
            return done


async def _catch_up(
    store: Store, log: EventLog, table: ViewTable, done: int, on_progress: Progress
) -> int:
    """Fold what *table* is missing of every partition; how many decisions are folded now."""
    reached = await to_thread.run_sync(store.reached, [table[1]])
    total = sum([(await log.head(partition)).position for partition in log.streams.every()])
    for partition in log.streams.every():
        after = reached.get(partition, START)
        while entries := await log.entries(partition, after, BATCH_MAX):
            await to_thread.run_sync(fold_found, store, [table], [(partition, entries)])
            after, done = entries[-1].entry_id, done + len(entries)
            on_progress(done, max(done, total))
    return done
