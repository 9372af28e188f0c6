"""Many runs at once: counted, the next of each flow, and the states that there have been."""

import pytest

from events.proposals import DeleteTaskRun, RegisterFlow
from events.queries import TaskRunFilter, TaskRunQuery
from events.queries.criteria import StateIs, StateTypeIs
from events.queries.overviews import Ended, ManyFlowRunsQuery, ObservedQuery
from events.states import StateType
from tests.support.examples import FLOW
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, deployed, moved, recorded, seconds

NOBODY = an_id(99)


@pytest.mark.anyio
async def test_deployments_and_task_runs_are_counted_by_what_they_belong_to(
    database: Database, story: Story
) -> None:
    flow = story.tell(RegisterFlow(id=story.next_id(), name="ingest")).decision
    flow_id = flow.subject_id
    run = created(story, 1)
    deployed(story, flow_id, an_id(2), an_id(3))
    for number in (4, 5):
        recorded(story, number, StateType.RUNNING, at=1, flow_run_id=run)
    database.tell(story)

    views = database.views
    assert await views.count_deployments_of([flow_id, NOBODY]) == {flow_id: 1, NOBODY: 0}
    assert await views.count_task_runs_of([run, NOBODY]) == {run: 2, NOBODY: 0}
    assert await views.count_task_runs_of([]) == {}


@pytest.mark.anyio
async def test_task_runs_of_flow_runs_are_counted_by_state(
    database: Database, story: Story
) -> None:
    run = created(story, 1)
    for number, type in enumerate((StateType.RUNNING, StateType.RUNNING, StateType.FAILED), 2):
        recorded(story, number, type, at=1, flow_run_id=run)
    recorded(story, 9, StateType.RUNNING, at=1)
    database.tell(story)

    counts = await database.views.count_task_runs_by_state(TaskRunQuery())
    assert counts == dict.fromkeys(StateType, 0) | {StateType.RUNNING: 2, StateType.FAILED: 1}
    failed = StateIs(type=StateTypeIs(any_=[StateType.FAILED]))
    query = TaskRunQuery(task_runs=TaskRunFilter(state=failed))
    assert sum((await database.views.count_task_runs_by_state(query)).values()) == 1


@pytest.mark.anyio
async def test_task_runs_that_ended_are_counted_by_when_they_started(
    database: Database, story: Story
) -> None:
    ends = (StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)
    for number, type in enumerate(ends, 1):
        start = seconds(number)
        recorded(story, number, type, at=50, start_time=start, end_time=seconds(50))
    recorded(story, 8, StateType.RUNNING, at=1, start_time=seconds(1))
    database.tell(story)

    counts = await database.views.ended_task_runs(TaskRunQuery(), seconds(0), seconds(20))
    some = {1: Ended(1, 0), 2: Ended(0, 1), 3: Ended(0, 1)}
    assert counts == [some.get(place, Ended()) for place in range(20)]
    nothing = [Ended()] * 20
    assert await database.views.ended_task_runs(TaskRunQuery(), seconds(5), seconds(1)) == nothing


@pytest.mark.anyio
async def test_the_next_run_of_a_flow_is_the_scheduled_one_due_first(
    database: Database, story: Story
) -> None:
    created(story, 1, due=300)
    first = created(story, 2, due=200)
    moved(story, created(story, 3, due=100), StateType.RUNNING, at=101)
    created(story, 4)
    database.tell(story)

    found = await database.views.next_runs([FLOW, NOBODY])
    assert found[NOBODY] is None
    run = found[FLOW]
    assert run is not None
    assert (run.attributes.id, run.progress.booked.next_scheduled_start_time) == (
        first,
        seconds(200),
    )


@pytest.mark.anyio
async def test_states_are_observed_of_all_runs_that_still_are(
    database: Database, story: Story
) -> None:
    run = created(story, 1)
    moved(story, run, StateType.PAUSED, at=2, name="Überprüfung")
    moved(story, run, StateType.RUNNING, at=10, name="Rolling")
    recorded(story, 2, StateType.PENDING, at=5)
    gone = recorded(story, 3, StateType.CRASHED, at=5)
    story.tell(DeleteTaskRun(id=story.next_id(), task_run_id=gone), seconds(20))
    database.tell(story)

    async def kinds(**query: object) -> list[tuple[str, float, float]]:
        found = await database.views.observed_states(ObservedQuery(**query))  # pyright: ignore[reportArgumentType]
        noon = seconds(0)
        return [
            (
                each.state_name,
                (each.first_seen - noon).total_seconds(),
                (each.last_seen - noon).total_seconds(),
            )
            for each in found
        ]

    pending, rolling = ("Pending", 0.0, 5.0), ("Rolling", 10.0, 10.0)
    checking = ("Überprüfung", 2.0, 2.0)
    assert await kinds() == [rolling, pending, checking]
    assert await kinds(sort="NAME_ASC") == [checking, pending, rolling]
    assert await kinds(limit=1) == [rolling]
    assert await kinds(beginning="pEn") == [pending]
    assert await kinds(beginning="RUNN") == [rolling]
    assert await kinds(beginning="ÜBER") == [checking]
    assert await kinds(beginning="%") == []
    assert await kinds(beginning="pen\0") == []


def test_a_page_of_bars_is_larger_than_others() -> None:
    assert ManyFlowRunsQuery().size == 1_000
    with pytest.raises(ValueError, match="less than or equal to 1000"):
        ManyFlowRunsQuery(limit=1_001)
