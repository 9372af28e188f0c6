"""Verifying: every view must equal the one that the log gives when it is folded anew.

The views are looked at as of one instant, and folded anew up to the very positions that they had
reached then; the worker may go on meanwhile.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from anyio import to_thread
from msgspec import Struct
from sqlalchemy import Connection, CursorResult, select

from events.log import START, CorruptLog, EventLog

from .projection import Projection
from .rebuild import Progress, silent
from .store import Store, checkpoints
from .worker import BATCH_MAX, apply, recorded_of


class Difference(Struct, frozen=True, kw_only=True):
    """The first row of *view* that is not as the log says; None where there is no such row."""

    view: str
    expected: dict[str, Any] | None
    found: dict[str, Any] | None


async def verify(
    store: Store,
    log: EventLog,
    scratch: Store,
    projections: Sequence[Projection],
    on_progress: Progress = silent,
) -> Difference | None:
    """The first difference between the views and the log, None when there is none.

    *scratch* is an empty database, which is filled. CorruptLog when the log ends before the views.
    """
    await to_thread.run_sync(scratch.prepare, projections)
    reading = store.engine.execution_options(isolation_level="REPEATABLE READ")
    if store.engine.dialect.name == "sqlite":
        reading = store.engine
    connection = await to_thread.run_sync(reading.connect)
    try:
        reached = await to_thread.run_sync(_reached, connection)
        await _fold(scratch, log, reached, projections, on_progress)
        return await to_thread.run_sync(_first_difference, connection, scratch, projections)
    finally:
        await to_thread.run_sync(connection.close)


def _reached(connection: Connection) -> dict[int, dict[str, int]]:
    """The position of each view in each partition."""
    reached: dict[int, dict[str, int]] = {}
    for row in connection.execute(select(checkpoints)):
        reached.setdefault(row.partition, {})[row.view] = row.position
    return reached


async def _fold(
    scratch: Store,
    log: EventLog,
    reached: Mapping[int, Mapping[str, int]],
    projections: Sequence[Projection],
    on_progress: Progress,
) -> None:
    done, total = 0, sum(max(positions.values()) for positions in reached.values())
    for partition, positions in reached.items():
        after, position, last = START, 0, max(positions.values())
        while position < last:
            entries = await log.entries(partition, after, min(BATCH_MAX, last - position))
            if not entries:
                raise CorruptLog(
                    f"partition {partition}: the log ends at position {position}, "
                    f"the views have reached {last}"
                )
            batch = [recorded_of(partition, entry) for entry in entries]
            for projection in projections:
                upto = positions.get(projection.name, 0)
                known = [recorded for recorded in batch if recorded.position <= upto]
                if known:
                    tables = [(projection, projection.name)]
                    await to_thread.run_sync(apply, scratch, tables, {partition: known})
            after, position = entries[-1].entry_id, batch[-1].position
            done += len(entries)
            on_progress(done, total)


def _first_difference(
    connection: Connection, scratch: Store, projections: Sequence[Projection]
) -> Difference | None:
    with scratch.engine.connect() as anew:
        for projection in projections:
            with _rows(anew, projection) as ours, _rows(connection, projection) as theirs:
                for expected, found in zip_longest(ours.mappings(), theirs.mappings()):
                    if expected != found:
                        return Difference(
                            view=projection.name,
                            expected=None if expected is None else dict(expected),
                            found=None if found is None else dict(found),
                        )
    return None


def _rows(connection: Connection, projection: Projection) -> CursorResult[Any]:
    """All rows of a view, in the order of their keys, a part at a time."""
    table = projection.table(projection.name)
    query = select(table).order_by(*table.primary_key.columns)
    return connection.execute(query, execution_options={"yield_per": 1_000})
