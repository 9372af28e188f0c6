"""The states of runs are events: found, counted, and described as their runs are now."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from events.proposals import CreateTaskRun, ProposeFlowRunState, RegisterFlow
from events.queries.told import EventCounts, EventQuery
from events.states import ProposedState, StateDetails, StateType
from events.told.event import RESOURCE_ID, RESOURCE_NAME, RESOURCE_ROLE, Event
from events.told.filters import EventFilter, IdFilter, NameFilter, ResourceFilter
from projections.told import events
from tests.support.examples import MINUTE, NOON
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, moved, recorded, seconds

NewDatabase = Callable[[], Database]


async def events_of(database: Database, **wanted: Any) -> list[Event]:
    """All events that are wanted, the oldest first."""
    filter = EventFilter(order="ASC", **wanted)
    page = await database.views.events(EventQuery(wanted=filter, limit=50))
    assert page.total == len(page.events)
    return page.events


def names(events: list[Event]) -> list[str]:
    return [each.event.removeprefix("prefect.") for each in events]


def said(event: Event) -> dict[str, Any]:
    """The payload of an event of a state."""
    return cast("dict[str, Any]", event.payload)


def told(database: Database, story: Story) -> Database:
    """*database* after *story*, in which clients have told nothing."""
    events.metadata.create_all(database.engine)
    return database.tell(story)


@pytest.fixture
def story() -> Story:
    """A flow run with a task run and a subflow of a flow that nobody knows; a task run alone."""
    story = Story()
    registered = story.tell(RegisterFlow(id=story.next_id(), name="etl", tags=["team"]))
    flow_id = registered.decision.subject_id
    outer = created(story, 1, flow_id=flow_id, tags=["nightly"])
    moved(story, outer, StateType.RUNNING, 1)
    task = recorded(story, 2, StateType.PENDING, 2, outer, tags=["big"])
    recorded(story, 2, StateType.RUNNING, 3, outer)
    inner = created(story, 3, 4, parent_task_run_id=task)
    moved(story, inner, StateType.RUNNING, 5)
    recorded(story, 4, StateType.RUNNING, 6)
    return story


@pytest.fixture
def database(new_database: NewDatabase, story: Story) -> Database:
    return told(new_database(), story)


@pytest.mark.anyio
async def test_every_state_is_an_event_in_the_order_of_time(database: Database) -> None:
    found = await events_of(database)
    assert names(found) == [
        *("flow-run.Pending", "flow-run.Running", "task-run.Pending", "task-run.Running"),
        *("flow-run.Pending", "flow-run.Running", "task-run.Running"),
    ]
    page = await database.views.events(EventQuery(wanted=EventFilter(), limit=2, offset=1))
    assert page.total == 7
    assert [each.id for each in page.events] == [each.id for each in found[::-1][1:3]]


@pytest.mark.anyio
async def test_a_state_of_a_flow_run_says_what_is_around_it(database: Database) -> None:
    *_, inner = await events_of(database, event=NameFilter(prefix=["prefect.flow-run.R"]))
    assert inner.resource[RESOURCE_NAME] == "run-3"
    assert inner.resource["prefect.run-count"] == "1"
    assert inner.occurred == seconds(5)
    payload = said(inner)
    assert payload["intended"] == {"from": "PENDING", "to": "RUNNING"}
    assert payload["initial_state"] == {"type": "PENDING", "name": "Pending"}
    around = [(each[RESOURCE_ROLE], each.get(RESOURCE_NAME)) for each in inner.related]
    assert around == [("flow", None), ("task-run", "task-2")]
    pending, *_ = await events_of(
        database, resource=ResourceFilter(id=[inner.resource[RESOURCE_ID]])
    )
    assert (pending.follows, inner.follows) == (None, pending.id)


@pytest.mark.anyio
async def test_a_state_of_a_task_run_says_what_is_around_it(database: Database) -> None:
    pending, running, alone = await events_of(
        database, event=NameFilter(prefix=["prefect.task-run."])
    )
    assert running.resource["prefect.orchestration"] == "client"
    assert running.follows == pending.id
    assert said(running)["initial_state"]["state_details"] == {}
    entered = said(running)["validated_state"]
    assert (entered["type"], entered["state_details"]) == ("RUNNING", {})
    fields = said(running)["task_run"]
    assert (fields["name"], fields["task_key"], fields["run_count"]) == ("task-2", "load", 1)
    assert "cache_key" not in fields
    around = [(each[RESOURCE_ROLE], each.get(RESOURCE_NAME)) for each in running.related]
    assert around == [("tag", None), ("flow-run", "run-1"), ("flow", "etl")]
    assert alone.related == []


@pytest.mark.anyio
async def test_what_is_asked_for_is_found_in_every_source(database: Database) -> None:
    async def found(**wanted: Any) -> list[str]:
        return names(await events_of(database, **wanted))

    all_events = await events_of(database)
    task = all_events[2].resource[RESOURCE_ID]
    assert await found(event=NameFilter(prefix=["prefect.task-run.P", "other."])) == [
        "task-run.Pending"
    ]
    assert await found(event=NameFilter(exclude_prefix=["prefect.flow", "prefect.task-run.R"])) == [
        "task-run.Pending"
    ]
    assert await found(event=NameFilter(name=["prefect.task-run.Pending", "Running"])) == [
        "task-run.Pending"
    ]
    without = ["prefect.flow-run.Running", "prefect.flow-run.Pending"]
    assert len(await found(event=NameFilter(exclude_name=without))) == 3
    assert len(await found(resource=ResourceFilter(id=[task, "x"]))) == 2
    assert len(await found(resource=ResourceFilter(id_prefix=[task[:-4], "x"]))) == 3
    assert await found(resource=ResourceFilter(id_prefix=["x"])) == []
    assert all_events[0].id is not None
    assert await found(id=IdFilter(id=[all_events[0].id])) == ["flow-run.Pending"]
    tagged = ResourceFilter(id=["prefect.tag.big"])
    assert await found(related=tagged) == ["task-run.Pending", "task-run.Running"]


@pytest.mark.anyio
async def test_states_are_counted(database: Database) -> None:
    async def counted(by: Any, **wanted: Any) -> list[tuple[str, int]]:
        query = EventCounts(wanted=EventFilter(**wanted), by=by, start=NOON, step=MINUTE)
        return [(each.label, each.count) for each in await database.views.count_events(query)]

    assert await counted("time") == [("0", 7)]
    assert ("run-1", 2) in await counted("resource")
    assert ("prefect.task-run.Running", 2) in await counted("event")
    of_flow = ResourceFilter(role=["flow"])
    assert ("prefect.task-run.Running", 1) in await counted("event", related=of_flow)


@pytest.mark.anyio
async def test_states_that_the_server_decided_for_task_runs_are_no_events(
    new_database: NewDatabase, story: Story
) -> None:
    details = StateDetails(pause_reschedule=True)
    paused = ProposedState(type=StateType.PAUSED, state_details=details)
    story.tell(
        ProposeFlowRunState(id=story.next_id(), flow_run_id=an_id(3), state=paused, force=True)
    )
    story.tell(
        CreateTaskRun(
            id=story.next_id(),
            task_run_id=an_id(5),
            name="decided",
            task_key="load",
            dynamic_key="0",
            state=ProposedState(type=StateType.PENDING),
        )
    )
    database = told(new_database(), story)
    of_tasks = await events_of(database, event=NameFilter(prefix=["prefect.task-run."]))
    assert names(of_tasks) == ["task-run.Pending", "task-run.Running", "task-run.Running"]
    (shown,) = await events_of(database, event=NameFilter(name=["prefect.flow-run.Paused"]))
    assert said(shown)["validated_state"]["pause_reschedule"] == "true"
