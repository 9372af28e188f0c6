"""Sums of time that 64 bits do not hold stop neither a view nor a chart."""

from datetime import datetime
from uuid import UUID

import pytest
from msgspec import structs

from events.instants import EPOCH, instant_of
from events.proposals import CreateFlowRun
from events.queries import FlowRunFilter, HistoryQuery
from events.queries.criteria import IdIs
from events.states import ProposedState, StateDetails, StateType
from projections.columns import MICROS_MAX, SECONDS_MAX
from projections.projection import Row
from projections.views.history import ADD, flow_run_history
from tests.support.examples import FLOW
from tests.support.history import history_of
from tests.support.rows import Database
from tests.support.telling import Story, an_id, seconds

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
