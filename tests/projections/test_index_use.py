"""What belongs to a few flows or flow runs is found by an index, however much else there is."""

from collections.abc import Awaitable, Callable, Generator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event

from events.proposals import RegisterFlow
from events.queries import (
    FlowFilter,
    FlowRunFilter,
    FlowRunQuery,
    TaskRunFilter,
    TaskRunQuery,
)
from events.queries.criteria import IdIs, NameIs
from events.states import StateType
from projections.reads import Views
from projections.store import open_engine
from projections.views import PROJECTIONS
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, recorded

pytestmark = pytest.mark.anyio

FEW = IdIs(any_=[UUID(int=1), UUID(int=2)])
OF_FLOWS = FlowFilter(id=FEW, name=NameIs(like_="a"))
OF_RUNS = FlowRunFilter(id=FEW, name=NameIs(like_="a"))

ASKED: dict[str, Callable[[Views], Awaitable[object]]] = {
    "runs of flows": lambda views: views.flow_runs(FlowRunQuery(flows=OF_FLOWS)),
    "how many runs of flows": lambda views: views.count_flow_runs(FlowRunQuery(flows=OF_FLOWS)),
    "task runs of flows": lambda views: views.task_runs(TaskRunQuery(flows=OF_FLOWS)),
    "task runs of runs": lambda views: views.task_runs(TaskRunQuery(flow_runs=OF_RUNS)),
    "how many task runs of runs": lambda views: views.count_task_runs(
        TaskRunQuery(flow_runs=OF_RUNS, task_runs=TaskRunFilter(name=NameIs(like_="a")))
    ),
}
SCANS = tuple(f"SCAN {view.name}" for view in PROJECTIONS)
"""How a plan says that all of a view is looked at."""


@pytest.fixture
def sqlite(tmp_path: Path) -> Generator[Database]:
    """Empty views on SQLite, which says how it looks."""
    engine = open_engine(f"sqlite:///{tmp_path / 'views.db'}")
    yield Database(engine).prepare()
    engine.dispose()


@pytest.mark.parametrize("asked", ASKED)
async def test_what_belongs_to_a_few_is_found_without_looking_at_all(
    sqlite: Database, asked: str
) -> None:
    statements: list[tuple[str, Any]] = []

    def noted(_: object, __: object, sql: str, values: Any, *___: object) -> None:
        statements.append((sql, values))

    event.listen(sqlite.engine, "before_cursor_execute", noted)
    await ASKED[asked](sqlite.views)
    event.remove(sqlite.engine, "before_cursor_execute", noted)

    sql, values = statements[-1]
    with sqlite.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        steps = [str(row[3]) for row in plan]
    assert any(step.startswith("SEARCH") for step in steps)
    assert [step for step in steps if step.startswith(SCANS)] == []


async def test_ids_are_one_demand_among_others(database: Database, story: Story) -> None:
    """Where any demand will do, ids do not say where to look; what is not wanted is not found."""
    flows: list[UUID] = []
    for place, name in enumerate(("apple", "berry"), start=1):
        story.tell(RegisterFlow(id=story.next_id(), name=name))
        flows.append(story.recorded[-1].decision.subject_id)
        run = created(story, place, flow_id=flows[-1], name=f"{name} run")
        recorded(story, 60 + place, StateType.RUNNING, at=place, flow_run_id=run)
    views = database.tell(story).views
    first, berry = IdIs(any_=flows[:1]), NameIs(any_=["berry"])
    of_flows: list[tuple[FlowFilter, set[int]]] = [
        (FlowFilter(id=first), {1}),
        (FlowFilter(id=first, name=berry), set()),
        (FlowFilter(operator="or_", id=first, name=berry), {1, 2}),
        (FlowFilter(id=IdIs(not_any_=flows[:1])), {2}),
    ]
    for flow, found in of_flows:
        runs = await views.flow_runs(FlowRunQuery(flows=flow))
        tasks = await views.task_runs(TaskRunQuery(flows=flow))
        assert {run.attributes.id for run in runs} == {an_id(place) for place in found}, flow
        assert {run.attributes.id for run in tasks} == {an_id(60 + place) for place in found}, flow

    first, berry = IdIs(any_=[an_id(1)]), NameIs(any_=["berry run"])
    of_runs: list[tuple[FlowRunFilter, set[int]]] = [
        (FlowRunFilter(id=first), {61}),
        (FlowRunFilter(id=first, name=berry), set()),
        (FlowRunFilter(operator="or_", id=first, name=berry), {61, 62}),
        (FlowRunFilter(id=IdIs(not_any_=[an_id(1)])), {62}),
    ]
    for run, found in of_runs:
        tasks = await views.task_runs(TaskRunQuery(flow_runs=run))
        assert {task.attributes.id for task in tasks} == {an_id(place) for place in found}, run
