"""Lists of runs hold what their filters ask for, in the order and the part that is asked for."""

from typing import Any
from uuid import UUID

import pytest
from msgspec import json, structs

from events.entities import CreatedBy
from events.policies import FlowRunPolicy
from events.proposals import AmendFlowRun, RegisterFlow
from events.queries import FlowQuery, FlowRunFilter, FlowRunQuery, TaskRunQuery
from events.queries.criteria import IdIs
from events.states import StateType
from projections.reads import ViewsAbsent
from tests.support.examples import DEPLOYMENT, LEASE
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, deployed, moved, recorded, seconds

pytestmark = pytest.mark.anyio

QUEUE, POOL = an_id(901), an_id(902)


@pytest.fixture
def told(database: Database, story: Story) -> Database:
    """Five flow runs of two flows, and six task runs, one of them a subflow's.

    1 has everything, is Completed; 2 is Failed and a child of 1; 3 is running; 4 is scheduled;
    5 is pending under a name of its own.
    """
    flows: list[UUID] = []
    for name, tags in (("Ingest", ["etl", "a,b"]), ("report_100%", [])):
        story.tell(RegisterFlow(id=story.next_id(), name=name, tags=tags), seconds(len(flows)))
        flows.append(story.recorded[-1].decision.subject_id)
    deployed(story, flows[0], DEPLOYMENT, POOL)
    first = created(
        story,
        1,
        at=0,
        due=10,
        flow_id=flows[0],
        name="Alpha_one",
        tags=["red", 'say "hi"'],
        deployment_id=DEPLOYMENT,
        work_queue_name="fast",
        work_queue_id=QUEUE,
        work_pool_name="cloud",
        work_pool_id=POOL,
        flow_version="v1",
        idempotency_key=None,
        parameters={"b": 1, "a": [None]},
        created_by=CreatedBy(id=LEASE, type="SCHEDULE", display_value="nightly"),
        empirical_policy=FlowRunPolicy(retries=2, pause_keys=frozenset({"x"})),
    )
    moved(story, first, StateType.RUNNING, at=12)
    parent = recorded(
        story,
        61,
        StateType.COMPLETED,
        at=12.5,
        flow_run_id=first,
        name="sub",
        start_time=seconds(12.5),
        end_time=seconds(20),
        total_run_time=7.5,
    )
    moved(story, first, StateType.COMPLETED, at=20)
    second = created(
        story,
        2,
        at=13,
        flow_id=flows[0],
        name="alpha-two",
        tags=["red", "blue"],
        flow_version="v2",
        parent_task_run_id=parent,
        parent_flow_run_id=first,
    )
    moved(story, second, StateType.RUNNING, at=14)
    moved(story, second, StateType.FAILED, at=15, name="TimedOut")
    third = created(story, 3, at=30, flow_id=flows[1], name="Gamma", tags=["redder"])
    moved(story, third, StateType.RUNNING, at=40)
    created(story, 4, at=50, due=100, flow_id=flows[1], name="Delta", work_queue_name="slow")
    fifth = created(story, 5, at=60, flow_id=flows[1], name="Epsilon")
    moved(story, fifth, StateType.PENDING, at=61, name="Submitting")
    recorded(story, 62, StateType.COMPLETED, at=70, flow_run_id=third, tags=["t", "u"], name="A")
    recorded(
        story, 63, StateType.FAILED, at=71, flow_run_id=third, name="b", start_time=seconds(70)
    )
    recorded(story, 64, StateType.PENDING, at=72, name="Alone", expected_start_time=seconds(72))
    return database.tell(story)


def numbers(ids: list[UUID]) -> list[int]:
    return [id.int - an_id(0).int for id in ids]


def at(after_noon: float) -> str:
    return seconds(after_noon).isoformat().replace("T", " ")


ALL = {1, 2, 3, 4, 5}
RUN_FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({}, ALL),
    ({"id": {"any_": [str(an_id(1)), str(an_id(4))]}}, {1, 4}),
    ({"id": {"any_": []}}, set()),
    ({"id": {"any_": None}}, ALL),
    ({"id": {"not_any_": [str(an_id(1))]}}, {2, 3, 4, 5}),
    ({"name": {"any_": ["Gamma", "alpha-two"]}}, {2, 3}),
    ({"name": {"like_": "ALPHA"}}, {1, 2}),
    ({"name": {"like_": "l_H"}}, {1, 2}),
    ({"name": {"like_": "A%A"}}, {1, 2, 3}),
    ({"name": {"like_": "\\"}}, set()),
    ({"name": {"like_": "a\\_o"}}, set()),
    ({"tags": {"all_": ["red"]}}, {1, 2}),
    ({"tags": {"all_": ["red", "blue"]}}, {2}),
    ({"tags": {"all_": []}}, ALL),
    ({"tags": {"any_": ["blue", 'say "hi"']}}, {1, 2}),
    ({"tags": {"any_": ["ed"]}}, set()),
    ({"tags": {"is_null_": True}}, {4, 5}),
    ({"tags": {"is_null_": False}}, {1, 2, 3}),
    ({"tags": {"operator": "or_", "all_": ["blue"], "is_null_": True}}, {2, 4, 5}),
    ({"deployment_id": {"any_": [str(DEPLOYMENT)]}}, {1}),
    ({"deployment_id": {"is_null_": True}}, {2, 3, 4, 5}),
    ({"deployment_id": {"operator": "or_", "any_": [str(DEPLOYMENT)], "is_null_": True}}, ALL),
    ({"work_queue_name": {"any_": ["fast", "slow"]}}, {1, 4}),
    ({"work_queue_name": {"is_null_": False}}, {1, 4}),
    ({"state": {"type": {"any_": ["COMPLETED", "RUNNING"]}}}, {1, 3}),
    ({"state": {"type": {"not_any_": ["COMPLETED", "RUNNING"]}}}, {2, 4, 5}),
    ({"state": {"name": {"any_": ["TimedOut", "Submitting"]}}}, {2, 5}),
    ({"state": {"name": {"not_any_": ["TimedOut"]}}}, {1, 3, 4, 5}),
    ({"state": {"type": {"any_": ["FAILED"]}, "name": {"any_": ["Failed"]}}}, set()),
    (
        {
            "state": {
                "operator": "or_",
                "type": {"any_": ["RUNNING"]},
                "name": {"any_": ["TimedOut"]},
            }
        },
        {2, 3},
    ),
    ({"flow_version": {"any_": ["v1"]}}, {1}),
    ({"start_time": {"before_": at(14)}}, {1, 2}),
    ({"start_time": {"after_": at(14)}}, {2, 3, 4, 5}),
    ({"start_time": {"after_": at(14)[:-6]}}, {2, 3, 4, 5}),
    ({"start_time": {"after_": at(41)}}, {4, 5}),
    ({"start_time": {"before_": at(60)}}, {1, 2, 3, 5}),
    ({"start_time": {"is_null_": True}}, {4, 5}),
    ({"start_time": {"before_": at(14), "after_": at(13), "is_null_": False}}, {2}),
    ({"end_time": {"is_null_": False}}, {1, 2}),
    ({"end_time": {"before_": at(15)}}, {2}),
    ({"expected_start_time": {"before_": at(10)}}, {1}),
    ({"expected_start_time": {"after_": at(60)}}, {4, 5}),
    ({"next_scheduled_start_time": {"before_": at(100)}}, {4}),
    ({"next_scheduled_start_time": {"after_": at(101)}}, set()),
    ({"parent_flow_run_id": {"any_": [str(an_id(1))]}}, {2}),
    ({"parent_task_run_id": {"any_": [str(an_id(61))]}}, {2}),
    ({"parent_task_run_id": {"is_null_": True}}, {1, 3, 4, 5}),
    ({"idempotency_key": {"any_": ["key"]}}, set()),
    ({"created_by": {"id_": [str(LEASE)]}}, {1}),
    ({"created_by": {"type_": ["SCHEDULE"], "is_null_": False}}, {1}),
    ({"created_by": {"is_null_": True}}, {2, 3, 4, 5}),
    (
        {"operator": "or_", "id": {"any_": [str(an_id(3))]}, "flow_version": {"any_": ["v1"]}},
        {1, 3},
    ),
    ({"operator": "and_", "id": {"any_": [str(an_id(3))]}, "name": {"any_": ["Delta"]}}, set()),
    ({"operator": None, "id": None, "state": {"type": None, "name": None}, "tags": {}}, ALL),
]


async def test_flow_runs_that_match(told: Database) -> None:
    for filter, expected in RUN_FILTERS:
        query = json.decode(json.encode({"flow_runs": filter}), type=FlowRunQuery)
        found = await told.views.flow_runs(query)
        assert set(numbers([run.attributes.id for run in found])) == expected, filter
        assert await told.views.count_flow_runs(query) == len(expected), filter


ACROSS: list[tuple[dict[str, Any], set[int]]] = [
    ({"flows": {"name": {"any_": ["Ingest"]}}}, {1, 2}),
    ({"flows": {"name": {"like_": "100%"}}}, {3, 4, 5}),
    ({"flows": {"deployment": {"is_null_": True}}}, {3, 4, 5}),
    ({"task_runs": {"name": {"any_": ["sub"]}}}, {1}),
    ({"task_runs": {"state": {"type": {"any_": ["FAILED"]}}}}, {3}),
    ({"deployments": {"id": {"any_": [str(DEPLOYMENT)]}}}, {1}),
    ({"deployments": {"id": {"not_any_": [str(DEPLOYMENT)]}}}, set()),
    ({"deployments": {"work_queue_name": {"any_": ["fast", "slow"]}}}, {1}),
    ({"deployments": {"flow_or_deployment_name": {"like_": "inge"}}}, {1}),
    ({"deployments": {"flow_or_deployment_name": {"like_": None}}}, ALL),
    ({"deployments": {"name": {"any_": ["nightly"]}}}, {1}),
    ({"deployments": {"name": {"any_": ["daily"]}}}, set()),
    ({"deployments": {"name": {"any_": None}, "paused": {"eq_": None}}}, ALL),
    ({"deployments": {"paused": {"eq_": False}}}, {1}),
    ({"deployments": {"tags": {"all_": ["x"]}}}, set()),
    ({"deployments": {"concurrency_limit": {"is_null_": True}}}, {1}),
    ({"work_pools": {"name": {"any_": ["cloud"]}}}, {1}),
    ({"work_pools": {"id": {"any_": [str(POOL)]}, "type": {"any_": None}}}, {1}),
    ({"work_pools": {"type": {"any_": ["process"]}}}, {1}),
    ({"work_queues": {"name": {"any_": ["slow"]}}}, {4}),
    ({"work_pool_queues": {"name": {"startswith_": ["fa", "SL"]}}}, {1, 4}),
    ({"work_pool_queues": {"name": {"startswith_": []}}}, set()),
    ({"work_queues": {"id": {"any_": [str(QUEUE)]}}, "work_pools": {}}, {1}),
    ({"flows": {"id": {"not_any_": []}}, "flow_runs": {"name": {"any_": ["Delta"]}}}, {4}),
    ({"flows": {}, "flow_runs": {}, "task_runs": {}, "deployments": {}, "work_queues": {}}, ALL),
]


async def test_flow_runs_of_what_matches(told: Database) -> None:
    for filters, expected in ACROSS:
        query = json.decode(json.encode(filters), type=FlowRunQuery)
        found = await told.views.flow_runs(query)
        assert set(numbers([run.attributes.id for run in found])) == expected, filters


TASKS = {61, 62, 63, 64}
TASK_FILTERS: list[tuple[dict[str, Any], set[int]]] = [
    ({}, TASKS),
    ({"task_runs": {"id": {"any_": [str(an_id(62))]}}}, {62}),
    ({"task_runs": {"name": {"like_": "a"}}}, {62, 64}),
    ({"task_runs": {"tags": {"all_": ["t", "u"]}}}, {62}),
    ({"task_runs": {"tags": {"is_null_": True}}}, {61, 63, 64}),
    ({"task_runs": {"state": {"type": {"any_": ["FAILED", "PENDING"]}}}}, {63, 64}),
    ({"task_runs": {"start_time": {"is_null_": False}}}, {61, 63}),
    ({"task_runs": {"start_time": {"after_": at(60)}}}, {63}),
    ({"task_runs": {"end_time": {"is_null_": False}}}, {61}),
    ({"task_runs": {"expected_start_time": {"after_": at(72)}}}, {64}),
    ({"task_runs": {"subflow_runs": {"exists_": True}}}, {61}),
    ({"task_runs": {"subflow_runs": {"exists_": False}}}, {62, 63, 64}),
    ({"task_runs": {"subflow_runs": {"exists_": None}}}, TASKS),
    ({"task_runs": {"flow_run_id": {"any_": [str(an_id(3))]}}}, {62, 63}),
    ({"task_runs": {"flow_run_id": {"is_null_": True}}}, {64}),
    (
        {
            "task_runs": {
                "flow_run_id": {"operator": "or_", "any_": [str(an_id(1))], "is_null_": True}
            }
        },
        {61, 64},
    ),
    ({"flow_runs": {"name": {"any_": ["Gamma"]}}}, {62, 63}),
    ({"flows": {"name": {"any_": ["Ingest"]}}}, {61}),
    ({"deployments": {"id": {"any_": [str(DEPLOYMENT)]}}}, {61}),
]


async def test_task_runs_that_match(told: Database) -> None:
    for filters, expected in TASK_FILTERS:
        query = json.decode(json.encode(filters), type=TaskRunQuery)
        found = await told.views.task_runs(query)
        assert set(numbers([run.attributes.id for run in found])) == expected, filters
        assert await told.views.count_task_runs(query) == len(expected), filters


FLOW_FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"Ingest", "report_100%"}),
    ({"flows": {"name": {"like_": "ingest"}}}, {"Ingest"}),
    ({"flows": {"tags": {"all_": ["a,b"]}}}, {"Ingest"}),
    ({"flows": {"deployment": {"is_null_": False}}}, {"Ingest"}),
    ({"flows": {"deployment": {"operator": "or_", "is_null_": None}}}, {"Ingest", "report_100%"}),
    ({"flows": {"id": {"any_": []}}}, set()),
    ({"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}, {"report_100%"}),
    ({"task_runs": {"name": {"any_": ["sub"]}}}, {"Ingest"}),
    ({"task_runs": {"name": {"any_": ["sub"]}}, "flow_runs": {"name": {"any_": ["Gamma"]}}}, set()),
]


async def test_flows_that_match(told: Database) -> None:
    for filters, expected in FLOW_FILTERS:
        query = json.decode(json.encode(filters), type=FlowQuery)
        assert {flow.name for flow in await told.views.flows(query)} == expected, filters
        assert await told.views.count_flows(query) == len(expected), filters


RUN_ORDERS = {
    "ID_DESC": [5, 4, 3, 2, 1],
    "START_TIME_ASC": [1, 2, 3, 5, 4],
    "START_TIME_DESC": [4, 5, 3, 2, 1],
    "EXPECTED_START_TIME_ASC": [1, 2, 3, 5, 4],
    "EXPECTED_START_TIME_DESC": [4, 5, 3, 2, 1],
    "NAME_ASC": [1, 4, 5, 3, 2],
    "NAME_DESC": [2, 3, 5, 4, 1],
    "NEXT_SCHEDULED_START_TIME_ASC": [4, 1, 2, 3, 5],
    "END_TIME_DESC": [1, 2, 5, 4, 3],
    None: [5, 4, 3, 2, 1],
}
TASK_ORDERS = {
    "ID_DESC": [64, 63, 62, 61],
    "NAME_ASC": [62, 64, 63, 61],
    "NAME_DESC": [61, 63, 64, 62],
    "END_TIME_DESC": [61, 64, 63, 62],
    "NEXT_SCHEDULED_START_TIME_ASC": [61, 62, 63, 64],
    "DURATION_DESC": [61, 64, 63, 62],
    "DURATION_ASC": [62, 63, 64, 61],
    None: [64, 63, 62, 61],
}
FLOW_ORDERS = {
    "CREATED_DESC": ["report_100%", "Ingest"],
    "UPDATED_DESC": ["report_100%", "Ingest"],
    "NAME_ASC": ["Ingest", "report_100%"],
    "NAME_DESC": ["report_100%", "Ingest"],
    None: ["Ingest", "report_100%"],
}


async def test_lists_are_in_the_order_that_is_asked_for(told: Database) -> None:
    for sort, expected in RUN_ORDERS.items():
        query = json.decode(json.encode({"sort": sort}), type=FlowRunQuery)
        runs = await told.views.flow_runs(query)
        assert numbers([run.attributes.id for run in runs]) == expected, sort
    for sort, expected in TASK_ORDERS.items():
        query = json.decode(json.encode({"sort": sort}), type=TaskRunQuery)
        tasks = await told.views.task_runs(query)
        assert numbers([run.attributes.id for run in tasks]) == expected, sort
    for sort, names in FLOW_ORDERS.items():
        query = json.decode(json.encode({"sort": sort}), type=FlowQuery)
        assert [flow.name for flow in await told.views.flows(query)] == names, sort
    for sort in ("EXPECTED_START_TIME_ASC", "EXPECTED_START_TIME_DESC"):
        query = json.decode(json.encode({"sort": sort}), type=TaskRunQuery)
        assert len(await told.views.task_runs(query)) == len(TASKS)


async def test_a_list_can_be_had_in_parts(told: Database) -> None:
    pages = [
        await told.views.flow_runs(FlowRunQuery(limit=2, offset=offset)) for offset in (0, 2, 4, 6)
    ]
    assert [numbers([run.attributes.id for run in page]) for page in pages] == [
        [5, 4], [3, 2], [1], [],
    ]  # fmt: skip
    assert await told.views.flow_runs(FlowRunQuery(limit=0)) == []


async def test_a_run_is_read_as_it_was_told(told: Database, story: Story) -> None:
    amended = an_id(4)
    story.tell(
        AmendFlowRun(
            id=story.next_id(),
            flow_run_id=amended,
            name="Delta 2",
            empirical_policy=FlowRunPolicy(retries=3, retry_type="reschedule"),
            job_variables={"cpu": 1},
            labels={"x": True},
        ),
        seconds(110),
    )
    told.tell(story)
    for run in await told.views.flow_runs(FlowRunQuery()):
        known = story.flow_run_of(run.attributes.id)
        assert run.attributes == known.attributes
        assert run.progress == structs.replace(known.progress, decided={}, state_times=())
    for task in await told.views.task_runs(TaskRunQuery()):
        known = story.task_run_of(task.attributes.id, task.attributes.flow_run_id)
        assert task.attributes == known.attributes
        assert task.progress == structs.replace(known.progress, decided={})
        assert await told.views.task_run(task.attributes.id) == task
    assert await told.views.task_run(an_id(999)) is None


async def test_states_are_listed_oldest_first_and_found_by_their_ids(
    told: Database, story: Story
) -> None:
    states = await told.views.flow_run_states(an_id(1))
    assert [state.name for state in states] == ["Scheduled", "Running", "Completed"]
    assert await told.views.flow_run_state(states[1].id) == states[1]
    assert await told.views.flow_run_state(an_id(999)) is None
    recorded(story, 62, StateType.RUNNING, at=60, flow_run_id=an_id(3))
    told.tell(story)
    states = await told.views.task_run_states(an_id(62))
    assert [state.name for state in states] == ["Running", "Completed"]
    assert await told.views.task_run_state(states[0].id) == states[0]
    run = await told.views.task_run(an_id(62))
    assert run is not None
    assert run.progress.state == states[1], "an older state that comes late moves nothing"


async def test_lateness_is_the_average_of_all_runs_that_match(told: Database) -> None:
    every, none = FlowRunQuery(), FlowRunQuery(flow_runs=FlowRunFilter(id=IdIs(any_=[])))
    assert await told.views.lateness(none, seconds(0)) is None
    # 2 of the first, 1 of the second, 10 of the third, 5 of the fourth and 45 of the fifth
    assert await told.views.lateness(every, seconds(105)) == (2 + 1 + 10 + 5 + 45) / 5
    assert await told.views.lateness(every, seconds(0)) == (2 + 1 + 10) / 5


async def test_the_views_say_how_far_they_are(told: Database, story: Story) -> None:
    reached = {partition: len(batch) for partition, batch in story.batches().items()}
    assert await told.views.positions() == reached


async def test_before_a_projector_has_been_there_the_views_are_absent(database: Database) -> None:
    with pytest.raises(ViewsAbsent, match="the first projector makes them"):
        await database.views.flow_runs(FlowRunQuery())
    with pytest.raises(ViewsAbsent):
        await database.views.positions()


async def test_a_flow_run_has_its_task_runs(told: Database) -> None:
    assert sorted(numbers(await told.views.task_run_ids(an_id(3)))) == [62, 63]
    assert await told.views.task_run_ids(an_id(62)) == []
