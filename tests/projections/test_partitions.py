"""Views are a function of the log: in whatever order its partitions are folded, rows are the same.

Here flow runs 900 and 901 live in two partitions, and producers use one id in both.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.changes import LogLine
from events.decisions import Recorded
from events.proposals import (
    AmendTaskRun,
    CreateTaskRun,
    DeleteFlowRun,
    DeleteTaskRun,
    Proposal,
    ProposeTaskRunState,
    RecordedFields,
    RecordTaskRun,
    WriteLogs,
)
from events.queries import LogQuery, TaskRunFilter, TaskRunQuery, TaskRunSort
from events.queries.criteria import NullableIdIs
from events.queries.told import EventQuery
from events.states import DEFAULT_NAMES, ProposedState, State, StateType
from events.told.event import RESOURCE_NAME, RESOURCE_ROLE, Event
from events.told.filters import EventFilter, NameFilter
from projections.projection import Projection
from projections.told import events
from projections.verify import verify
from projections.views import PROJECTIONS
from projections.worker import apply
from tests.support.rows import Database, Rows
from tests.support.telling import Story, an_id, created, recorded, seconds

NewDatabase = Callable[[], Database]
Batches = Sequence[Mapping[int, Sequence[Recorded]]]

HOMES = (an_id(900), an_id(901))
OTHER = (*HOMES, None)
TASKS = (1, 2)
LINE = an_id(50)


def orders(story: Story) -> dict[str, Batches]:
    """Ways to fold a log: each partition in its order, and all of them in many."""
    told = story.batches()
    apart: list[Mapping[int, Sequence[Recorded]]] = [{p: batch} for p, batch in told.items()]
    in_time = groupby(story.recorded, lambda each: each.partition)
    return {
        "one after the other": apart,
        "the last one first": apart[::-1],
        "in the order of time": [{p: [*batch]} for p, batch in in_time],
        "together": [told],
        "together, the last one first": [dict(reversed(told.items()))],
    }


def rows_of(database: Database, batches: Batches) -> dict[str, Rows]:
    """What is in all tables after *batches*."""
    database.clear()
    for each in batches:
        apply(database.store, [(view, view.name) for view in PROJECTIONS], each)
    return {view.name: database.rows(view) for view in PROJECTIONS}


def assert_any_order_will_do(database: Database, story: Story) -> dict[str, Rows]:
    """The rows of *story*, which are the same however its partitions are folded."""
    found = {how: rows_of(database, each) for how, each in orders(story).items()}
    expected = found.pop("one after the other")
    for how, rows in found.items():
        for view, those in rows.items():
            assert those == expected[view], (how, view)
    return expected


def written(story: Story, run: UUID, message: str, task: int = 1) -> None:
    """The line of everybody is written by a run and its task run."""
    line = LogLine(
        id=LINE, name="x", level=20, message=message, timestamp=seconds(9),
        flow_run_id=run, task_run_id=an_id(task),
    )  # fmt: skip
    story.tell(WriteLogs(id=story.next_id(), run_id=run, lines=[line]), seconds(9))


def told(story: Story, run: UUID, type: StateType, at: float, **fields: object) -> None:
    """An engine tells of the task run that everybody has."""
    name = f"of {run.int & 0xFFF}"
    recorded(story, 1, type, at, flow_run_id=run, **{"name": name, **fields})


@pytest.fixture
def twice(story: Story) -> Story:
    """One id of a task run, of its state and of a line, in two partitions by turns."""
    for number, type in ((900, StateType.PENDING), (901, StateType.RUNNING)):
        run = created(story, number)
        told(story, run, StateType.PENDING, 2)
        told(story, run, type, 3, expected_start_time=seconds(number))
        written(story, run, f"of {number}")
    told(story, HOMES[0], StateType.COMPLETED, 5, total_run_time=2.0)
    return story


def deleted(story: Story, run: UUID) -> None:
    ids = [an_id(each) for each in TASKS]
    story.tell(DeleteFlowRun(id=story.next_id(), flow_run_id=run, task_run_ids=ids), seconds(9))


def test_an_id_of_two_partitions_is_a_row_of_each(database: Database, twice: Story) -> None:
    rows = assert_any_order_will_do(database.prepare(), twice)
    shown = [(row["id"], row["partition"], row["name"], row["state_name"])
             for row in rows["task_runs"]]  # fmt: skip
    assert shown == [(an_id(1), 0, "of 900", "Completed"), (an_id(1), 1, "of 901", "Running")]
    states = [(row["partition"], row["name"]) for row in rows["task_run_states"]]
    assert sorted(states) == [
        *((0, "Completed"), (0, "Pending"), (0, "Pending"), (1, "Pending"), (1, "Running")),
    ]
    assert [(row["partition"], row["message"]) for row in rows["logs"]] == [
        *((0, "of 900"), (1, "of 901")),
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_a_deletion_in_one_partition_leaves_the_rows_of_the_other(
    database: Database, twice: Story, which: int
) -> None:
    deleted(twice, HOMES[which])
    rows = assert_any_order_will_do(database.prepare(), twice)
    for view in ("task_runs", "task_run_states", "logs"):
        assert {row["partition"] for row in rows[view]} == {1 - which}, view
    counted = sum(row["runs"] for row in rows["task_run_history"] if row["level"] == 1)
    assert counted == 1


@pytest.mark.parametrize("which", [0, 1])
def test_what_is_made_again_after_a_deletion_is_there(
    database: Database, twice: Story, which: int
) -> None:
    alone = DeleteTaskRun(id="d", task_run_id=an_id(1), flow_run_id=HOMES[which])
    twice.tell(alone, seconds(9))
    told(twice, HOMES[which], StateType.FAILED, 8, name="again")
    written(twice, HOMES[which], "again")
    rows = assert_any_order_will_do(database.prepare(), twice)
    assert [row["name"] for row in rows["task_runs"]][which] == "again"
    assert [row["message"] for row in rows["logs"]][which] == "again"


TYPES = (StateType.PENDING, StateType.RUNNING, StateType.COMPLETED)


class Step(NamedTuple):
    """What somebody proposes, with few ids to choose from."""

    does: str
    run: UUID | None
    task: int
    at: float
    type: StateType
    due: float
    number: int
    of_task: bool
    of_run: UUID | None


DOES = ("tells", "tells", "creates", "moves", "renames", "logs", "logs", "deletes", "deletes all")
steps = st.lists(
    st.builds(
        Step,
        does=st.sampled_from(DOES),
        run=st.sampled_from(OTHER),
        task=st.sampled_from(TASKS),
        at=st.integers(0, 5).map(float),
        type=st.sampled_from(TYPES),
        due=st.integers(0, 3).map(float),
        number=st.integers(0, 2),
        of_task=st.booleans(),
        of_run=st.sampled_from(OTHER),
    ),
    min_size=4,
    max_size=20,
)


def proposed(id: str, step: Step) -> Proposal:
    """What is proposed."""
    task, run = an_id(step.task), step.run
    key: dict[str, Any] = {"task_key": "load", "dynamic_key": str(step.task)}
    asked = ProposedState(type=step.type)
    match step.does:
        case "tells":
            state = State(
                id=an_id(60 + step.number),
                type=step.type,
                name=DEFAULT_NAMES[step.type],
                timestamp=seconds(step.at),
            )
            fields = RecordedFields(**key, name=id, expected_start_time=seconds(step.due))
            return RecordTaskRun(
                id=id, task_run_id=task, flow_run_id=run, state=state, task_run=fields
            )
        case "creates":
            return CreateTaskRun(
                id=id, task_run_id=task, flow_run_id=run, name=id, state=asked, **key
            )
        case "moves":
            return ProposeTaskRunState(
                id="everywhere", task_run_id=task, flow_run_id=run, state=asked, force=True
            )
        case "renames":
            return AmendTaskRun(id=id, task_run_id=task, flow_run_id=run, name=id)
        case "logs":
            line = LogLine(
                id=an_id(50 + step.number),
                name="x",
                level=20,
                message=id,
                timestamp=seconds(step.at),
                flow_run_id=step.of_run,
                task_run_id=task if step.of_task else None,
            )
            return WriteLogs(id=id, run_id=run or task, lines=[line])
        case "deletes":
            return DeleteTaskRun(id=id, task_run_id=task, flow_run_id=run)
        case _:
            ids = [an_id(each) for each in TASKS]
            return DeleteFlowRun(id=id, flow_run_id=run or HOMES[0], task_run_ids=ids)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=steps)
def test_no_order_of_partitions_shows(database: Database, steps: list[Step]) -> None:
    story = Story()
    for number, step in enumerate(steps):
        if number % 10 == 0:
            for run in (900, 901):
                created(story, run, due=1)
        story.tell_if_decidable(proposed(story.next_id(), step), seconds(step.at))
    assert_any_order_will_do(database.tell(Story()), story)


@pytest.mark.anyio
async def test_views_verify_whatever_was_folded_first(
    new_database: NewDatabase, twice: Story
) -> None:
    database, scratch = new_database().prepare(), new_database()
    for each in twice.recorded:
        database.fold([each])
    assert await verify(database.store, await twice.log(), scratch.store, PROJECTIONS) is None


def of(run: UUID | None = None, sort: TaskRunSort | None = None) -> TaskRunQuery:
    wanted = None if run is None else TaskRunFilter(flow_run_id=NullableIdIs(any_=[run]))
    return TaskRunQuery(task_runs=wanted, sort=sort)


@pytest.mark.anyio
async def test_both_are_listed_and_one_is_read(database: Database, twice: Story) -> None:
    views = database.tell(twice).views
    for place, run in enumerate(HOMES):
        (one,) = await views.task_runs(of(run))
        assert (one.attributes.name, one.attributes.flow_run_id) == (f"of {900 + place}", run)
    assert await views.count_task_runs(of()) == 2
    for sort, names in (
        (None, ["of 901", "of 900"]),
        (TaskRunSort.NEXT_SCHEDULED_START_TIME_ASC, ["of 900", "of 901"]),
        (TaskRunSort.END_TIME_DESC, ["of 901", "of 900"]),
    ):
        assert [each.attributes.name for each in await views.task_runs(of(sort=sort))] == names
    lines = await views.logs(LogQuery())
    assert [each.message for each in lines] == ["of 900", "of 901"]
    one = await views.task_run(an_id(1))
    assert one is not None
    assert one.attributes.name == "of 900"
    pending, also_pending, *_ = states = await views.task_run_states(an_id(1))
    assert pending.id == also_pending.id
    assert [each.state_details.flow_run_id for each in states[:2]] == [*HOMES]
    assert await views.task_run_state(pending.id) == pending


@pytest.mark.anyio
async def test_each_state_is_told_of_its_own_run(database: Database, twice: Story) -> None:
    events.metadata.create_all(database.engine)
    created(twice, 902, 8, parent_task_run_id=an_id(1))
    views = database.tell(twice).views
    named = NameFilter(prefix=["prefect.task-run."])
    page = await views.events(EventQuery(wanted=EventFilter(event=named, order="ASC"), limit=9))
    assert page.total == len(page.events) == 5
    last: dict[tuple[str | None, str], Event] = {}
    for each in page.events:
        (run,) = (one for one in each.related if one[RESOURCE_ROLE] == "flow-run")
        last[run.get(RESOURCE_NAME), each.event.rpartition(".")[2]] = each
    of_900 = [last["run-900", name] for name in ("Pending", "Completed")]
    of_901 = [last["run-901", name] for name in ("Pending", "Running")]
    assert len(last) == 4
    assert [each.follows for each in of_900] == [of_901[0].id, of_900[0].id], "its first, shared id"
    assert [each.follows for each in of_901] == [None, of_901[0].id]
    query = EventFilter(event=NameFilter(prefix=["prefect.flow-run."]), order="DESC")
    inner, *_ = (await views.events(EventQuery(wanted=query, limit=1))).events
    assert [each.get(RESOURCE_NAME) for each in inner.related][1:] == ["of 900"]


@pytest.mark.parametrize("view", PROJECTIONS, ids=lambda view: view.name)
def test_a_row_whose_id_is_chosen_elsewhere_says_where_it_lives(view: Projection) -> None:
    key = [column.name for column in view.table(view.name).primary_key.columns]
    chosen = ("task_runs", "task_run_states", "flow_run_states", "logs")
    assert ("partition" in key) is (view.name in chosen)
