"""A rebuilt view takes the place of the old one in one step, and verifying finds any difference."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import Table, delete, select, update

from events.log import START, CorruptLog, Entry
from events.log.memory import MemoryEventLog
from events.queries import FlowRunQuery
from events.states import StateType
from projections.projection import Projection
from projections.reads import ViewsAbsent
from projections.rebuild import BeingRebuilt, rebuild
from projections.store import Outdated, checkpoints, projections_table
from projections.verify import verify
from projections.views import PROJECTIONS
from projections.views.flow_runs import flow_runs
from projections.views.history import flow_run_history
from projections.views.task_runs import task_runs
from projections.worker import apply
from tests.support.rows import Database
from tests.support.telling import Story, appended, created, moved, recorded

NewDatabase = Callable[[], Database]


def some_runs(story: Story) -> None:
    for number in range(4):
        run = created(story, number, at=number)
        moved(story, run, StateType.RUNNING, at=number + 5)
        recorded(story, number + 100, StateType.COMPLETED, at=number + 6, flow_run_id=run)


def newer(projection: Projection) -> Projection:
    return Projection(
        name=projection.name,
        version=projection.version + 1,
        table=projection.table,
        kinds=projection.kinds,
        fold=projection.fold,
    )


@pytest.mark.anyio
async def test_a_rebuilt_view_equals_the_one_that_was_maintained(
    database: Database, story: Story
) -> None:
    some_runs(story)
    database.tell(story)
    log = await story.log()
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        seen.append((done, total))

    for view in PROJECTIONS:
        rows, reached = database.rows(view), database.store.reached([view.name])
        seen.clear()
        done = await rebuild(database.store, log, view, progress)
        assert seen[-1] == (done, done) == (len(story.recorded), len(story.recorded))
        assert database.rows(view) == rows
        assert database.store.reached([view.name]) == reached
    rows = database.rows(flow_runs)
    await rebuild(database.store, log, flow_runs)
    database.fold(next(iter(story.batches().values())))
    assert database.rows(flow_runs) == rows, "a second rebuild, and what it has seen already"


@pytest.mark.anyio
async def test_a_damaged_view_is_whole_after_a_rebuild(database: Database, story: Story) -> None:
    some_runs(story)
    database.tell(story)
    rows = database.rows(flow_runs)
    table = flow_runs.table("flow_runs")
    with database.store.writing() as connection:
        connection.execute(update(table).values(state_name="Nonsense"))
    await rebuild(database.store, await story.log(), flow_runs)
    assert database.rows(flow_runs) == rows


@pytest.mark.anyio
async def test_a_newer_version_takes_over_and_the_older_one_stops(
    database: Database, story: Story
) -> None:
    some_runs(story)
    database.tell(story)
    await rebuild(database.store, await story.log(), newer(flow_runs))
    with database.engine.connect() as connection:
        found = connection.execute(select(projections_table)).mappings().all()
    assert {row["name"]: (row["version"], row["builds"]) for row in found if row["builds"]} == {
        "flow_runs": (flow_runs.version + 1, 1)
    }
    with pytest.raises(Outdated):
        database.fold(next(iter(story.batches().values())))
    database.fold(next(iter(story.batches().values())), [newer(flow_runs)])


@pytest.mark.anyio
async def test_a_view_that_never_was_is_built(database: Database, story: Story) -> None:
    some_runs(story)
    await rebuild(database.store, await story.log(), flow_runs)
    assert len(database.rows(flow_runs)) == 4
    database.store.prepare([flow_runs])


@pytest.mark.anyio
async def test_what_an_interrupted_rebuild_left_is_swept_away(
    database: Database, story: Story
) -> None:
    some_runs(story)
    database.tell(story)
    with database.store.writing() as connection:
        staged = database.store.stage(connection, flow_runs)
    batch = next(iter(story.batches().values()))
    apply(database.store, [(flow_runs, staged)], {batch[0].partition: batch})
    await rebuild(database.store, await story.log(), flow_runs)
    assert len(database.rows(flow_runs)) == 4
    with database.engine.connect() as connection:
        views = set(connection.scalars(select(checkpoints.c.view)))
    assert views == {view.name for view in PROJECTIONS}


@pytest.mark.anyio
async def test_a_view_is_rebuilt_by_one_at_a_time(database: Database, story: Story) -> None:
    some_runs(story)
    database.tell(story)
    log = await story.log()
    found = await asyncio.gather(
        *(rebuild(database.store, log, flow_runs) for _ in range(3)), return_exceptions=True
    )
    done = [each for each in found if isinstance(each, int)]
    refused = [str(each) for each in found if isinstance(each, BeingRebuilt)]
    why = "view flow_runs is being rebuilt already; wait until that has ended, or end it, "
    assert done == [len(story.recorded)]
    assert refused == [f"{why}and ask again if need be"] * 2
    assert len(database.rows(flow_runs)) == 4
    await rebuild(database.store, log, flow_runs)


@pytest.mark.anyio
async def test_another_view_may_be_rebuilt_meanwhile(database: Database, story: Story) -> None:
    some_runs(story)
    database.tell(story)
    log = await story.log()
    views = (flow_runs, task_runs)
    await asyncio.gather(*(rebuild(database.store, log, view) for view in views))
    assert [len(database.rows(view)) for view in views] == [4, 4]


@pytest.mark.anyio
async def test_who_fails_lets_others_rebuild(database: Database, story: Story) -> None:
    some_runs(story)
    database.tell(story)
    log = await story.log()

    def fail(done: int, total: int) -> None:
        raise OSError(f"no room after {done} of {total}")

    with pytest.raises(OSError, match="no room"):
        await rebuild(database.store, log, flow_runs, fail)
    await rebuild(database.store, log, flow_runs)
    assert len(database.rows(flow_runs)) == 4


class Growing(MemoryEventLog):
    """A log that has everything that was told by the time it is asked for entries."""

    def __init__(self, story: Story) -> None:
        super().__init__(story.streams)
        self.story = story

    async def entries(self, partition: int, after: str = START, limit: int = 1_000) -> list[Entry]:
        told = self.story.entries().get(partition, [])[(await self.head(partition)).position :]
        if told and self.is_growing:
            await appended(self, partition, told)
        return await super().entries(partition, after, limit)

    is_growing = False


@pytest.mark.anyio
async def test_a_table_that_is_behind_the_one_in_use_does_not_take_its_place(
    database: Database, story: Story
) -> None:
    some_runs(story)
    growing = Growing(story)
    for partition, entries in story.entries().items():
        await appended(growing, partition, entries)
    database.tell(story)
    before = {partition: len(batch) for partition, batch in story.batches().items()}
    for number in range(10, 20):
        created(story, number)
    is_overtaken = False

    def overtake(done: int, _: int) -> None:
        nonlocal is_overtaken
        if done == sum(before.values()) and not is_overtaken:
            is_overtaken = True
            database.tell(story)
            growing.is_growing = True

    done = await rebuild(database.store, growing, flow_runs, overtake)
    assert is_overtaken
    assert done == len(story.recorded)
    assert len(database.rows(flow_runs)) == 14


@pytest.mark.anyio
async def test_views_that_are_as_the_log_says_have_no_difference(
    new_database: NewDatabase, story: Story
) -> None:
    some_runs(story)
    database = new_database().tell(story)
    seen: list[tuple[int, int]] = []
    log = await story.log()
    created(story, 50)
    found = await verify(
        database.store,
        log,
        new_database().store,
        PROJECTIONS,
        lambda done, total: seen.append((done, total)),
    )
    assert found is None
    assert seen[-1][0] == seen[-1][1] == len(story.recorded) - 1


@pytest.mark.anyio
async def test_the_log_may_be_ahead_of_the_views_and_not_behind(
    new_database: NewDatabase, story: Story
) -> None:
    some_runs(story)
    database = new_database().tell(story)
    behind = await story.log()
    created(story, 50)
    ahead = await story.log()
    assert await verify(database.store, ahead, new_database().store, PROJECTIONS) is None
    database.tell(story)
    with pytest.raises(CorruptLog, match="the log ends at position"):
        await verify(database.store, behind, new_database().store, PROJECTIONS)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("view", "damage"), [(task_runs, "changed"), (flow_run_history, "missing")]
)
async def test_the_first_row_that_differs_is_shown(
    new_database: NewDatabase, story: Story, view: Projection, damage: str
) -> None:
    some_runs(story)
    database = new_database().tell(story)
    rows = database.rows(view)
    table: Table = view.table(view.name)
    with database.store.writing() as connection:
        if damage == "changed":
            connection.execute(update(table).values(state_name="Nonsense"))
        else:
            connection.execute(delete(table))
    found = await verify(database.store, await story.log(), new_database().store, PROJECTIONS)
    assert found is not None
    assert found.view == view.name
    assert found.expected == rows[0]
    assert found.found == (None if damage == "missing" else rows[0] | {"state_name": "Nonsense"})


@pytest.mark.anyio
async def test_views_that_are_not_equally_far_are_each_checked_as_far_as_they_are(
    new_database: NewDatabase, story: Story
) -> None:
    some_runs(story)
    database = new_database().prepare()
    first, *others = story.batches().values()
    database.fold(first[:1], [view for view in PROJECTIONS if view is not flow_runs])
    for batch in (first, *others):
        database.fold(batch, [flow_runs])
    log = await story.log()
    assert await verify(database.store, log, new_database().store, PROJECTIONS) is None


@pytest.mark.anyio
async def test_views_of_another_version_say_that_they_are_to_be_rebuilt(
    database: Database, story: Story
) -> None:
    some_runs(story)
    database.tell(story)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE flow_runs RENAME COLUMN state_label TO other")
    with pytest.raises(ViewsAbsent, match="headgate rebuild"):
        await database.views.flow_runs(FlowRunQuery())
    await rebuild(database.store, await story.log(), flow_runs)
    assert await database.views.flow_runs(FlowRunQuery())
