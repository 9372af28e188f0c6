"""Texts of any length are shown and found: no name that somebody gives can stop a projector."""

import pytest
from msgspec import json

from events.proposals import RegisterFlow, StoreResource
from events.queries import FlowQuery, HistoryQuery
from events.queries.resources import VariableQuery
from events.resources.variables import Variable
from events.states import StateType
from projections.reads import Views
from tests.support.long_texts import long_text
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, moved, recorded, seconds

pytestmark = pytest.mark.anyio

NAMES = [long_text(1) + end for end in "ab"]


@pytest.fixture
def told(database: Database, story: Story) -> Database:
    """Everything that has a name, twice, under names of which only the end differs."""
    for number, name in enumerate(NAMES, start=1):
        flow = story.tell(RegisterFlow(id=story.next_id(), name=name))
        variable = Variable(id=an_id(100 + number), name=name)
        story.tell(StoreResource(id=story.next_id(), resource=variable))
        run = created(
            story,
            number,
            flow_id=flow.decision.subject_id,
            name=name,
            work_queue_name=name,
            deployment_version=name,
            tags=[name],
        )
        moved(story, run, StateType.RUNNING, at=1, name=name)
        recorded(story, 60 + number, StateType.RUNNING, at=2, flow_run_id=run, name=name)
    return database.tell(story)


async def names(views: Views, name: str) -> dict[str, list[str]]:
    """What is found under this *name*."""
    wanted = {"name": {"any_": [name]}}
    flows = json.decode(json.encode({"flows": wanted}), type=FlowQuery)
    variables = json.decode(json.encode({"variables": wanted}), type=VariableQuery)
    return {
        "flows": [flow.name for flow in await views.flows(flows)],
        "variables": [getattr(each, "name", "") for each in await views.resources(variables)],
    }


async def test_each_is_found_by_its_name_alone(told: Database) -> None:
    for name in NAMES:
        assert await names(told.views, name) == {"flows": [name], "variables": [name]}
    assert await names(told.views, NAMES[0][:-1]) == {"flows": [], "variables": []}


async def test_a_chart_tells_states_apart_by_all_of_their_names(told: Database) -> None:
    query = HistoryQuery(start=seconds(-60), end=seconds(60), interval=120.0)
    buckets = await told.views.flow_run_history(query, seconds(60))
    found = sorted(
        (state.state_name, state.count_runs) for each in buckets for state in each.states
    )
    assert found == [(name, 1) for name in NAMES]
