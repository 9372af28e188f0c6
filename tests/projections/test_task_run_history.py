"""The history of task runs is the one that all of them, asked one by one, would give."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from events.entities import TaskRun
from events.proposals import CreateTaskRun, DeleteFlowRun, DeleteTaskRun, ProposeTaskRunState
from events.queries import FlowRunFilter, HistoryQuery, TaskRunFilter
from events.queries.criteria import IdIs, IdIsAny, StateIs, StateTypeIs
from events.states import ProposedState, StateType
from projections.columns import SECONDS_MAX
from projections.views.history import task_run_history
from tests.support.history import history_of
from tests.support.rows import Database, rows_after
from tests.support.telling import Story, an_id, created, recorded, seconds

NewDatabase = Callable[[], Database]

TYPES = [
    *(StateType.PENDING, StateType.RUNNING, StateType.RUNNING, StateType.COMPLETED),
    *(StateType.FAILED, StateType.SCHEDULED),
]
FLOW_RUN = an_id(900)
NOT_PENDING = StateTypeIs(not_any_=[StateType.PENDING])


class Told(NamedTuple):
    """An engine tells of a task run; when it is expected may be something else every time."""

    run: int
    type: StateType
    at: float
    due: float | None
    start: float | None
    ran: float


class Asked(NamedTuple):
    """Somebody proposes a state for a task run that the server keeps the books of."""

    run: int
    type: StateType
    at: float


class Forgotten(NamedTuple):
    """A task run is deleted; all runs of the flow run with it, where it is the flow run that is."""

    run: int
    with_all: bool


runs = st.integers(0, 5)
near = st.integers(0, 8_000).map(lambda millis: millis / 1_000)
far = st.integers(0, 200_000).map(float)
moments = st.one_of(near, near, far)
steps = st.lists(
    st.one_of(
        *[
            st.builds(
                Told,
                run=runs,
                type=st.sampled_from(TYPES),
                at=moments,
                due=st.none() | moments,
                start=st.none() | moments,
                ran=st.sampled_from([0.0, 0.0, 1.5, 0.123_456_7, -2.0]),
            )
        ]
        * 4,
        st.builds(Asked, run=runs, type=st.sampled_from(TYPES), at=moments),
        st.builds(Forgotten, run=runs, with_all=st.booleans()),
    ),
    min_size=1,
    max_size=25,
)


def place_of(run: int) -> UUID | None:
    """The flow run of a task run; every third has none."""
    return FLOW_RUN if run % 3 else None


def tell(story: Story, steps: Sequence[Told | Asked | Forgotten]) -> list[TaskRun]:
    """The task runs that are there in the end."""
    created(story, 900)
    known: set[int] = set()
    for step in steps:
        place, id = place_of(step.run), an_id(step.run)
        match step:
            case Told():
                fields: dict[str, Any] = {"total_run_time": step.ran}
                if step.due is not None:
                    fields["expected_start_time"] = seconds(step.due)
                if step.start is not None:
                    fields["start_time"] = seconds(step.start)
                recorded(story, step.run, step.type, step.at, flow_run_id=place, **fields)
                known.add(step.run)
            case Asked():
                made = CreateTaskRun(
                    id=story.next_id(),
                    task_run_id=id,
                    flow_run_id=place,
                    task_key="load",
                    dynamic_key=str(step.run),
                    name="asked",
                )
                state = ProposedState(type=step.type)
                entered = ProposeTaskRunState(
                    id=story.next_id(), task_run_id=id, flow_run_id=place, state=state, force=True
                )
                for proposal in (made, entered):
                    story.tell(proposal, seconds(step.at))
                known.add(step.run)
            case Forgotten(with_all=True):
                own = sorted(run for run in known if place_of(run) is not None)
                gone = DeleteFlowRun(
                    id=story.next_id(), flow_run_id=FLOW_RUN, task_run_ids=[*map(an_id, own)]
                )
                story.tell(gone)
                created(story, 900)
                known -= set(own)
            case Forgotten(run=run) if run in known:
                story.tell(DeleteTaskRun(id=story.next_id(), task_run_id=id, flow_run_id=place))
                known.remove(run)
            case Forgotten():
                pass
    return [story.task_run_of(an_id(run), place_of(run)) for run in sorted(known)]


@pytest.mark.anyio
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps, start=moments, length=moments, buckets=st.integers(1, 40), now=moments)
async def test_it_is_what_the_runs_would_say(
    database: Database,
    steps: list[Told | Asked | Forgotten],
    start: float,
    length: float,
    buckets: int,
    now: float,
) -> None:
    story = Story()
    runs = tell(story, steps)
    database.tell(Story()).clear()
    database.tell(story)
    query = HistoryQuery(
        start=seconds(start),
        end=seconds(start + length),
        interval=max(1.0, round(length / buckets, 6)),
    )
    expected = history_of(runs, query, seconds(now))
    assert await database.views.task_run_history(query, seconds(now)) == expected
    named = TaskRunFilter(id=IdIsAny(any_=[an_id(run) for run in range(6)]))
    every_run = structs.replace(query, task_runs=named)
    assert await database.views.task_run_history(every_run, seconds(now)) == expected


def test_a_run_moves_to_another_cell_when_it_is_expected_at_another_time(
    new_database: NewDatabase, story: Story
) -> None:
    due = [None, seconds(3), seconds(3), seconds(7), seconds(7)]
    types = [StateType.PENDING, StateType.RUNNING, StateType.RUNNING, StateType.COMPLETED]
    for at, (type, expected) in enumerate(zip(types, due, strict=False)):
        given: dict[str, Any] = {} if expected is None else {"expected_start_time": expected}
        recorded(story, 1, type, at=at, **given)
    rows = rows_after(new_database, task_run_history, story)
    assert [(row["level"], row["runs"], row["state_name"]) for row in rows] == [
        (level, 1, "Completed") for level in (1, 5, 15, 60, 300, 900, 3_600, 86_400)
    ]
    assert len({row["start"] for row in rows if row["level"] == 1}) == 1


def test_nothing_is_left_of_runs_that_are_gone(new_database: NewDatabase, story: Story) -> None:
    gone = [Forgotten(run, with_all=run == 4) for run in (0, 1, 3, 4)]
    told = [Told(run, StateType.RUNNING, run, run, run, 1.5) for run in range(6)]
    assert tell(story, [*told, *gone]) == []
    assert rows_after(new_database, task_run_history, story) == []


@pytest.mark.anyio
async def test_what_an_engine_claims_beyond_sense_stops_no_chart(database: Database) -> None:
    story = Story()
    due: dict[str, Any] = {"expected_start_time": seconds(3)}
    ages = seconds(0).replace(year=9999)
    for number in range(300):
        recorded(story, number, StateType.COMPLETED, at=5, total_run_time=1e300, **due)
    recorded(story, 300, StateType.FAILED, at=5, total_run_time=-1e300, start_time=ages, **due)
    recorded(story, 301, StateType.RUNNING, at=5, total_run_time=-1e300, **due)
    database.tell(story)
    query = HistoryQuery(start=seconds(0), end=seconds(20), interval=20)
    asked = [
        query,
        structs.replace(query, task_runs=TaskRunFilter(state=StateIs(type=NOT_PENDING))),
    ]
    for each in asked:
        (bucket,) = await database.views.task_run_history(each, seconds(13))
        told = {state.state_name: state for state in bucket.states}
        assert told["Completed"].sum_estimated_run_time == 300 * SECONDS_MAX
        assert told["Failed"].sum_estimated_run_time == 0
        assert told["Failed"].sum_estimated_lateness == SECONDS_MAX


@pytest.mark.anyio
async def test_task_runs_have_a_history_too(database: Database) -> None:
    story = Story()
    run = created(story, 1)
    due: dict[str, Any] = {"expected_start_time": seconds(3)}
    recorded(story, 2, StateType.PENDING, at=3, flow_run_id=run, **due)
    recorded(story, 3, StateType.RUNNING, at=5, start_time=seconds(5), total_run_time=1.5, **due)
    ended: dict[str, Any] = {"start_time": seconds(4), "total_run_time": 2.0, **due}
    recorded(story, 4, StateType.COMPLETED, at=9, **ended)
    recorded(story, 5, StateType.PENDING, at=3)
    database.tell(story)
    query = HistoryQuery(start=seconds(0), end=seconds(20), interval=10)
    first, second = await database.views.task_run_history(query, seconds(13))
    told = [
        (each.state_name, each.count_runs, each.sum_estimated_run_time, each.sum_estimated_lateness)
        for each in first.states
    ]
    assert told == [("Completed", 1, 2.0, 1.0), ("Pending", 1, 0.0, 10.0), ("Running", 1, 9.5, 2.0)]
    assert second.states == []
    of_run = structs.replace(query, flow_runs=FlowRunFilter(id=IdIs(any_=[run])))
    found, _ = await database.views.task_run_history(of_run, seconds(13))
    assert [each.state_name for each in found.states] == ["Pending"]
    backwards = structs.replace(query, end=seconds(-1))
    assert await database.views.task_run_history(backwards, seconds(13)) == []
