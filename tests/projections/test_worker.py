"""The worker folds every decision exactly once, and stops at what it cannot read."""

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import anyio
import pytest
from msgspec import structs
from sqlalchemy import select

from events.decisions import Recorded
from events.log import START, CorruptLog, Entry, Found
from events.log.memory import MemoryEventLog
from events.states import StateType
from projections.projection import Projection, Statement
from projections.store import Outdated, Store, checkpoints, open_engine
from projections.views import PROJECTIONS
from projections.views.flow_runs import flow_runs
from projections.views.flows import flows
from projections.worker import LINGERS_S, Worker, recorded_of
from tests.support.rows import Database
from tests.support.telling import Story, appended, created, moved
from tests.support.waiting import wait_until


def some_runs(story: Story, count: int = 3) -> None:
    for number in range(count):
        run = created(story, number, at=number)
        moved(story, run, StateType.RUNNING, at=number + 5)
        moved(story, run, StateType.COMPLETED, at=number + 9)


def breaking_at(position: int) -> Projection:
    """A view that cannot take the decision at *position*."""

    def fold(recorded: Recorded) -> Iterator[Statement]:
        if recorded.position == position:
            raise RuntimeError("the power fails")
        return iter(())

    return Projection(name="breaking", version=1, table=flows.table, kinds=(), fold=fold)


async def followed(log: MemoryEventLog, database: Database) -> None:
    """A worker follows *log* until it has caught up with it."""
    worker = Worker(log, database.store, PROJECTIONS)

    async def is_level() -> bool:
        return worker.trouble is None and not any((await worker.lag()).values())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        await wait_until(is_level)
        tasks.cancel_scope.cancel()


def test_a_crash_in_mid_batch_leaves_neither_rows_nor_checkpoint(
    database: Database, story: Story
) -> None:
    some_runs(story)
    (batch, *_) = story.batches().values()
    broken = [flow_runs, breaking_at(3)]
    database.prepare(broken).fold(batch[:1], broken)
    rows, reached = database.rows(flow_runs), database.store.reached(["flow_runs", "breaking"])
    with pytest.raises(RuntimeError, match="the power fails"):
        database.fold(batch[1:], broken)
    assert database.rows(flow_runs) == rows
    assert database.store.reached(["flow_runs", "breaking"]) == reached
    assert reached[batch[0].partition] == batch[0].entry_id


@pytest.mark.anyio
async def test_a_worker_follows_the_log_and_the_next_one_goes_on_where_it_stopped(
    database: Database, story: Story
) -> None:
    some_runs(story)
    log = await story.log()
    await followed(log, database)
    before = {partition: len(batch) for partition, batch in story.batches().items()}
    some_more = Story()
    some_runs(some_more, 5)
    for partition, entries in some_more.entries().items():
        await appended(log, partition, entries[before[partition] :])
    await followed(log, database)
    positions = await database.views.positions()
    told = {partition: len(batch) for partition, batch in some_more.batches().items()}
    assert {partition: at for partition, at in positions.items() if at} == told
    assert len(database.rows(flow_runs)) == 5


def test_a_worker_that_is_late_changes_nothing(database: Database, story: Story) -> None:
    some_runs(story)
    database.tell(story)
    rows = {view.name: database.rows(view) for view in PROJECTIONS}
    for batch in story.batches().values():
        database.fold(batch[:2])
        database.fold(batch[1:])
    assert {view.name: database.rows(view) for view in PROJECTIONS} == rows


def test_views_that_are_not_equally_far_each_get_what_they_miss(
    database: Database, story: Story
) -> None:
    some_runs(story)
    database.prepare()
    batches = list(story.batches().values())
    for batch in batches:
        database.fold(batch[:2], [flow_runs])
        database.fold(batch)
    expected = {view.name: database.rows(view) for view in PROJECTIONS}
    database.clear()
    for batch in batches:
        database.fold(batch)
    assert {view.name: database.rows(view) for view in PROJECTIONS} == expected


@pytest.mark.parametrize("gap", [slice(1, None), slice(0, None, 2)])
def test_a_gap_stops_it_and_is_named(database: Database, story: Story, gap: slice) -> None:
    some_runs(story, 1)
    ((partition, batch),) = story.batches().items()
    missing = 1 if gap.start else 2
    database.prepare()
    with pytest.raises(CorruptLog, match=f"partition {partition}, position {missing}: the entry"):
        database.fold(batch[gap])
    assert database.rows(flow_runs) == []


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"", b"{}", b'{"type":"decision.v9"}', b"\xff"])
async def test_an_entry_that_cannot_be_read_stops_it_and_is_named(
    database: Database, story: Story, body: bytes
) -> None:
    some_runs(story, 1)
    ((partition, entries),) = story.entries().items()
    log = await story.log()
    bad = Entry(
        entry_id=f"{entries[-1].entry_id.partition('-')[0]}-{len(entries) + 1}",
        proposal_id="p",
        body=body,
        previous=entries[-1].hash,
        hash="",
    )
    with pytest.raises(CorruptLog, match=f"partition {partition}, position {len(entries) + 1}"):
        recorded_of(partition, bad)
    worker = Worker(log, database.store, PROJECTIONS)
    await worker._begin()  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(CorruptLog):
        await worker.fold([(partition, [*entries, bad])])
    assert database.rows(flow_runs) == []


class Unreliable(MemoryEventLog):
    """A log that is away at first, and at last has lost an entry."""

    tails = 0

    async def tail(self, after: Mapping[int, str], limit: int = 1_000) -> AsyncIterator[Found]:
        self.tails += 1
        if self.tails <= 8:
            raise ConnectionError("nobody listens")
        for partition in after:
            entries = await self.entries(partition)
            if entries:
                yield [(partition, entries[:1])]
                yield [(partition, entries[2:])]


@pytest.mark.anyio
async def test_a_log_that_is_away_is_waited_for_ever_longer_and_a_gap_ends_it(
    database: Database, story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    some_runs(story, 1)
    log = Unreliable(story.streams)
    for partition, entries in story.entries().items():
        await appended(log, partition, entries)
    slept: list[float] = []
    troubles: list[str | None] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        troubles.append(worker.trouble)

    worker = Worker(log, database.store, PROJECTIONS, sleep=sleep)
    with pytest.raises(CorruptLog):
        await worker.run()
    assert slept == [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0, LINGERS_S[0][1]]
    assert troubles == ["nobody listens"] * 8 + [None]
    assert worker.trouble is not None
    assert "position 2: the entry is missing" in worker.trouble
    assert "views_waiting" in caplog.text


@pytest.mark.anyio
async def test_a_database_that_is_away_is_waited_for(tmp_path: Path, story: Story) -> None:
    some_runs(story)
    folder = tmp_path / "views"
    database = Database(open_engine(f"sqlite:///{folder / 'views.db'}"))
    shutil.rmtree(folder)

    async def sleep(_: float) -> None:
        folder.mkdir(exist_ok=True)

    worker = Worker(await story.log(), database.store, PROJECTIONS, sleep=sleep)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.run)
        await wait_until(lambda: sum(worker.positions.values()) == len(story.recorded))
        tasks.cancel_scope.cancel()
    assert len(database.rows(flow_runs)) == 3
    database.engine.dispose()


def test_a_view_of_another_version_is_not_touched(database: Database, story: Story) -> None:
    some_runs(story, 1)
    database.tell(story)
    newer = structs.replace(flow_runs, version=flow_runs.version + 1)
    with pytest.raises(Outdated, match=f"has version {flow_runs.version} and this program folds"):
        database.store.prepare([newer])
    (batch,) = story.batches().values()
    with pytest.raises(Outdated, match="rebuild flow_runs"):
        database.fold(batch, [newer])


def test_nothing_has_been_reached_in_an_empty_database(database: Database) -> None:
    database.prepare()
    assert database.store.reached(["flow_runs"]) == {}
    with Store(database.engine).engine.connect() as connection:
        assert connection.execute(select(checkpoints)).all() == []
    assert START == "0-0"
