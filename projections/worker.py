"""The worker follows the log of every partition and keeps all views up to date.

What one read of the log finds, in all partitions, goes into one transaction with the checkpoints
of the views. What a checkpoint has passed is skipped, so that redelivery changes nothing and
several workers do no harm. A gap, or an entry that cannot be read, stops the worker: views that
skip are views that lie.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

import anyio
from anyio import to_thread
from msgspec import DecodeError
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from events.decisions import Recorded
from events.log import START, CorruptLog, Entry, EventLog, Found
from events.wire.codec import decode_decision

from .projection import Projection, Row, Sql
from .store import Store, ViewTable

BATCH_MAX = 1_000
"""Entries of a partition in one transaction: they make its cost small, and still show soon."""

LINGERS_S = ((8, 0.01), (100, 0.04))
"""How long the worker rests after a batch of fewer entries than these.

A transaction costs as much as some ten of its entries. Under load those of this time then share
one; a decision that comes alone is folded at once, and hardly a caller can ask sooner for the next.
Where batches are large already, resting would only make the views late.
"""

BACKOFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

logger = logging.getLogger(__name__)


def recorded_of(partition: int, entry: Entry) -> Recorded:
    """The decision in *entry*; CorruptLog when it is not as we wrote it."""
    time_ms, _, position = entry.entry_id.partition("-")
    try:
        decision = decode_decision(entry.body)
    except (DecodeError, ValueError) as error:
        raise CorruptLog(
            f"partition {partition}, position {position}: the entry cannot be read: {error}"
        ) from error
    return Recorded(
        partition=partition, position=int(position), time_ms=int(time_ms), decision=decision
    )


def apply(
    store: Store, tables: Sequence[ViewTable], batches: Mapping[int, Sequence[Recorded]]
) -> dict[int, int]:
    """Fold *batches*, consecutive decisions of each partition, into *tables*, all or nothing.

    Gives the positions that they have reached. Each table skips what it has; CorruptLog when
    there is a gap before a batch or in it.
    """
    ends = {partition: batch[-1] for partition, batch in batches.items()}
    with store.writing() as connection:
        reached = store.claimed(connection, tables, batches)
        for partition, batch in batches.items():
            first = min(reached[name, partition] for _, name in tables)
            _assert_gapless(partition, first, batch)
        for projection, name in tables:
            kinds: dict[Sql, list[Row]] = {kind: [] for kind in projection.kinds}
            fold = projection.fold
            for partition, batch in batches.items():
                after = reached[name, partition]
                for recorded in batch:
                    if recorded.position > after:
                        for sql, row in fold(recorded):
                            if sql.in_order:
                                _execute(store, connection, name, kinds)
                                store.execute(connection, name, sql, [row])
                            else:
                                kinds[sql].append(row)
            _execute(store, connection, name, kinds)
        store.advance(
            connection,
            [
                (name, ends[partition])
                for (name, partition), position in reached.items()
                if position < ends[partition].position
            ],
        )
    return {
        partition: max(last.position, *(reached[name, partition] for _, name in tables))
        for partition, last in ends.items()
    }


def _execute(store: Store, connection: Connection, name: str, kinds: dict[Sql, list[Row]]) -> None:
    """Execute what has been gathered, kind by kind."""
    for sql, rows in kinds.items():
        store.execute(connection, name, sql, rows)
        kinds[sql] = []


def _assert_gapless(partition: int, reached: int, batch: Sequence[Recorded]) -> None:
    expected = min(reached + 1, batch[0].position)
    for recorded in batch:
        if recorded.position != expected:
            raise CorruptLog(
                f"partition {partition}, position {expected}: the entry is missing, "
                f"position {recorded.position} follows"
            )
        expected += 1


def fold_found(store: Store, tables: Sequence[ViewTable], found: Found) -> dict[int, int]:
    """Fold what a read found into *tables*; CorruptLog when an entry cannot be read."""
    return apply(
        store,
        tables,
        {
            partition: [recorded_of(partition, entry) for entry in entries]
            for partition, entries in found
        },
    )


class Worker:
    """Keeps the views of one database up to date with one log.

    *unreachable* are the errors of a log that cannot be reached for now; they and a database
    that cannot be reached are waited out. *positions* says how far each partition is.
    """

    def __init__(
        self,
        log: EventLog,
        store: Store,
        projections: Sequence[Projection],
        unreachable: tuple[type[Exception], ...] = (OSError,),
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._log = log
        self._store = store
        self._tables = [(projection, projection.name) for projection in projections]
        self._away = (OperationalError, *unreachable)
        self._sleep = sleep
        self._failures = 0
        self.positions: dict[int, int] = {}
        self.trouble: str | None = "not started"

    async def run(self) -> None:
        """Follow the log for ever; CorruptLog when it cannot be read as it was written."""
        while True:
            try:
                await self._follow()
            except self._away as error:
                seconds = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
                self._failures += 1
                self.trouble = str(error)
                logger.warning("views_waiting", extra={"because": str(error), "again_s": seconds})
                await self._sleep(seconds)
            except CorruptLog as error:
                self.trouble = str(error)
                raise

    async def _follow(self) -> None:
        after = await self._begin()
        self.trouble = None
        async for found in self._log.tail(after, BATCH_MAX):
            await self.fold(found)
            self._failures = 0
            folded = sum(len(entries) for _, entries in found)
            await self._sleep(next((rest_s for most, rest_s in LINGERS_S if folded < most), 0.0))

    async def _begin(self) -> dict[int, str]:
        """Where to go on from, in every partition."""
        await to_thread.run_sync(self._store.prepare, [each for each, _ in self._tables])
        names = [name for _, name in self._tables]
        reached = await to_thread.run_sync(self._store.reached, names)
        after = {p: reached.get(p, START) for p in self._log.streams.every()}
        self.positions = {p: int(entry_id.partition("-")[2]) for p, entry_id in after.items()}
        return after

    async def fold(self, found: Found) -> None:
        """Fold consecutive entries of each partition into all views."""
        self.positions |= await to_thread.run_sync(fold_found, self._store, self._tables, found)

    async def lag(self) -> dict[int, int]:
        """For each partition, how many decisions the views are behind."""
        return {
            partition: (await self._log.head(partition)).position - position
            for partition, position in self.positions.items()
        }
