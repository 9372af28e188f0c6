"""Rebuilding: a view is folded anew from the log beside the one in use, which then gives way.

Readers and the worker go on meanwhile. The switch is one transaction and happens only when the
new table is not behind the old one anywhere, so that nobody sees time go back.
"""

from collections.abc import Callable

from anyio import to_thread

from events.log import START, EventLog

from .projection import Projection
from .store import Store, ViewTable
from .worker import BATCH_MAX, fold_found

Progress = Callable[[int, int], None]
"""Told how many decisions are folded, and how many there are."""


def silent(done: int, total: int) -> None:
    """Progress that nobody looks at."""


async def rebuild(
    store: Store, log: EventLog, projection: Projection, on_progress: Progress = silent
) -> int:
    """Build the view by *projection* from the log and put it in use; how many decisions it took."""

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
