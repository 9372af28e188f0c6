"""Sums of time that 64 bits do not hold stop neither a view nor a chart."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs
from sqlalchemy import event

from events.instants import EPOCH, instant_of
from events.proposals import CreateFlowRun
from events.queries import FlowRunFilter, HistoryQuery, TaskRunFilter
from events.queries.criteria import IdIs, IdIsAny
from events.states import ProposedState, StateDetails, StateType
from projections.columns import MICROS_MAX, SECONDS_MAX
from projections.projection import Row
from projections.reads.history import BY_INDEX_SQL
from projections.views.history import ADD, flow_run_history
from tests.support.examples import FLOW
from tests.support.history import history_of
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, moved, recorded, seconds

pytestmark = pytest.mark.anyio

DAY = 86_400
ALL_64 = 2**63
MANY = 40_000
NOW = seconds(0.5)


def late_runs(start: int, count: int = 1) -> Row:
    """Runs, as late as any, that were expected in the second *start* after 1970."""
    return (start, "COMPLETED", "Completed", count, 0, 0, count * MICROS_MAX, 0, 0)


def add(database: Database, *rows: Row) -> None:
    with database.store.writing() as connection:
        database.store.execute(connection, flow_run_history.name, ADD, list(rows))


def test_a_batch_gives_no_more_at_once_than_a_statement_holds() -> None:
    assert ADD.gather is not None
    given = ADD.gather([late_runs(0)] * MANY + [late_runs(0, -1)] * 2 + [late_runs(5, -1)] * MANY)
    days = [row for row in given if row[0] == DAY]
    amounts = [sum for row in given for sum in row[5:] if isinstance(sum, int)]
    assert -ALL_64 < min(amounts) < 0 < max(amounts) < ALL_64
    assert (sum(int(row[5] or 0) for row in days), len(days)) == (-2, 1)

    given = ADD.gather([late_runs(0)] * MANY)
    days = [row for row in given if row[0] == DAY]
    assert [row[5] for row in days] == [MANY, 0, 0]
    assert sum(int(row[8] or 0) for row in days) == MANY * MICROS_MAX
    assert given == sorted(given, key=lambda row: (row[0], row[1]))


async def test_many_runs_that_are_late_by_years_are_in_a_chart(database: Database) -> None:
    database.prepare()
    for day in range(3):
        add(database, *[late_runs(day * DAY + 7)] * MANY)
        add(database, late_runs(day * DAY + 7))
    query = HistoryQuery(start=EPOCH, end=instant_of(4 * DAY * 1_000_000), interval=4 * DAY)
    (bucket,) = await database.views.flow_run_history(query, NOW)
    (found,) = bucket.states
    assert found.count_runs == 3 * (MANY + 1)
    assert found.sum_estimated_lateness == pytest.approx(3 * (MANY + 1) * SECONDS_MAX, abs=0.01)

    for day in range(3):
        add(database, *[late_runs(day * DAY + 7, -1)] * MANY)
    (bucket,) = await database.views.flow_run_history(query, NOW)
    (found,) = bucket.states
    assert found.count_runs == 3
    assert found.sum_estimated_lateness == pytest.approx(3 * SECONDS_MAX, abs=0.1)


async def test_what_waits_for_ages_is_in_a_chart(database: Database, story: Story) -> None:
    ages = EPOCH.replace(year=1)
    runs = [due_at(story, number, ages) for number in range(150)]
    database.tell(story)
    query = HistoryQuery(start=ages, end=ages.replace(day=2), interval=DAY)
    every_run = structs.replace(query, flow_runs=FlowRunFilter(id=IdIs(not_any_=[])))
    (expected,) = history_of([story.flow_run_of(run) for run in runs], query, NOW)
    assert expected.states[0].sum_estimated_lateness * 1e6 > ALL_64
    for asked in (query, every_run):
        (found,) = await database.views.flow_run_history(asked, NOW)
        late = found.states[0].sum_estimated_lateness
        assert late == pytest.approx(expected.states[0].sum_estimated_lateness, abs=0.01)
        assert structs.replace(found.states[0], sum_estimated_lateness=0) == structs.replace(
            expected.states[0], sum_estimated_lateness=0
        )


def due_at(story: Story, number: int, due: datetime) -> UUID:
    """A flow run that waits since *due*."""
    state = ProposedState(type=StateType.SCHEDULED, state_details=StateDetails(scheduled_time=due))
    story.tell(
        CreateFlowRun(
            id=story.next_id(), flow_run_id=an_id(number), flow_id=FLOW, name="old", state=state
        ),
        seconds(0),
    )
    return an_id(number)


@pytest.mark.parametrize("years", [-30, -9, 9, 30])
async def test_what_begins_years_from_when_it_was_expected_is_told_as_it_is(
    database: Database, story: Story, years: int
) -> None:
    due = NOW.replace(year=NOW.year - years)
    runs = [due_at(story, number, due) for number in range(3)]
    for run in runs[1:]:
        moved(story, run, StateType.RUNNING, at=1)
    task_runs = [
        recorded(story, number, StateType.RUNNING, at=1, expected_start_time=due)
        for number in (4, 5)
    ]
    database.tell(story)
    query = HistoryQuery(start=due.replace(hour=0), end=due.replace(hour=23), interval=3_600)
    by_id = structs.replace(
        query,
        flow_runs=FlowRunFilter(id=IdIs(not_any_=[])),
        task_runs=TaskRunFilter(id=IdIsAny(any_=task_runs)),
    )
    views = database.views
    for now in (seconds(0.5), seconds(100)):
        told = await views.flow_run_history(query, now)
        of_rows = structs.replace(by_id, task_runs=None)
        assert told == await views.flow_run_history(of_rows, now)
        ran = [state.sum_estimated_run_time for each in told for state in each.states]
        assert max(ran) == max(0, 2 * (now - seconds(1)).total_seconds())
        told = await views.task_run_history(query, now)
        of_rows = structs.replace(by_id, flow_runs=None)
        assert told == await views.task_run_history(of_rows, now)


@pytest.mark.parametrize("kind", ["flow", "task"])
async def test_the_few_that_cells_tell_wrongly_are_found_by_an_index(
    database: Database, story: Story, kind: str
) -> None:
    for number in range(300):
        if kind == "flow":
            moved(story, created(story, number), StateType.RUNNING, at=1)
        else:
            recorded(story, number, StateType.RUNNING, at=1, expected_start_time=seconds(1))
    views = database.tell(story).views
    asked: list[tuple[str, Any]] = []

    def noted(_: object, __: object, sql: str, values: Any, *___: object) -> None:
        asked.append((sql, values))

    query = HistoryQuery(start=seconds(-9), end=seconds(9), interval=1)
    event.listen(database.engine, "before_cursor_execute", noted)
    await (views.flow_run_history if kind == "flow" else views.task_run_history)(query, NOW)
    event.remove(database.engine, "before_cursor_execute", noted)

    sql, values = asked[-1]
    with database.engine.connect() as connection:
        how = "EXPLAIN QUERY PLAN"
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
            connection.exec_driver_sql(BY_INDEX_SQL)
            how = "EXPLAIN"
        plan = [str(row) for row in connection.exec_driver_sql(f"{how} {sql}", values)]
    assert f"ix_{kind}_runs_running_far" in plan[0], plan
