"""Resources are listed by what their kind shows, however the history is delivered."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec import structs

from events.proposals import AmendResource, RegisterFlow, RemoveResource, StoreResource
from events.queries import (
    AgentFilter,
    AgentQuery,
    ConfigurationFilter,
    ConfigurationQuery,
    DeploymentFilter,
    DeploymentQuery,
    DeploymentSort,
    FlowFilter,
    FlowRunFilter,
    FlowRunQuery,
    ResourceQuery,
    TaskRunFilter,
    VariableFilter,
    VariableQuery,
    VariableSort,
    WorkerFilter,
    WorkerQuery,
    WorkPoolFilter,
    WorkPoolQuery,
    WorkQueueFilter,
    WorkQueueQuery,
)
from events.queries.criteria import (
    Contains,
    Equals,
    IdIs,
    IdIsAny,
    InstantIs,
    NameIs,
    NameStarts,
    NullableNumberIs,
    TagsAre,
    TextIsAny,
    WorkerStatusIs,
)
from events.resources.administration.configuration import Configuration
from events.resources.deployments import Deployment
from events.resources.variables import Variable
from events.resources.work_pools import Agent, Worker, WorkPool, WorkQueue
from events.states import StateType
from projections.views import PROJECTIONS
from tests.support.examples import NOON
from tests.support.rows import Database, rows_after
from tests.support.telling import Story, an_id, created, recorded

NewDatabase = Callable[[], Database]
(VIEW,) = (view for view in PROJECTIONS if view.name == "resources")


def store(story: Story, resource: Any, minute: int = 0) -> Any:
    proposal = StoreResource(id=story.next_id(), resource=resource, if_exists="amend")
    story.tell(proposal, NOON + timedelta(minutes=minute))
    return resource


@pytest.fixture
def flow_id(story: Story) -> UUID:
    """The id of a flow."""
    flow = story.tell(RegisterFlow(id=story.next_id(), name="ingest"))
    return flow.decision.subject_id


@pytest.fixture
def told(story: Story, flow_id: UUID) -> Story:
    """Two pools with a queue and workers each, and three deployments."""
    docker = store(story, WorkPool(id=an_id(1), name="docker", type="docker"))
    local = store(story, WorkPool(id=an_id(2), name="local", type="process"))
    for n, pool, name, priority in (
        (3, docker, "low", 2),
        (4, docker, "high", 1),
        (5, local, "a", 1),
    ):
        store(story, WorkQueue(id=an_id(n), work_pool_id=pool.id, name=name, priority=priority))
    workers: tuple[tuple[int, Any], ...] = ((6, "ONLINE"), (7, "OFFLINE"), (8, "OFFLINE"))
    for n, status in workers:
        seen = None if n == 8 else NOON + timedelta(minutes=n)
        store(
            story,
            Worker(
                id=an_id(n), work_pool_id=docker.id, name=f"w{n}", status=status,
                last_heartbeat_time=seen,
            ),
        )  # fmt: skip
    placed = {"work_queue_id": an_id(3), "work_pool_id": an_id(1)}
    deployments: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (10, "nightly", {"paused": True, "tags": ["etl", "a"], "concurrency_limit": 2}),
        (11, "daily", {"work_queue_name": "low", "tags": ["etl"], **placed}),
        (12, "weekly\0", {"tags": ["\0"], "work_queue_name": "\0"}),
    )
    for n, name, fields in deployments:
        store(story, Deployment(id=an_id(n), flow_id=flow_id, name=name, **fields), minute=20 - n)
    return story


async def ids(database: Database, query: ResourceQuery, parent: int | None = None) -> list[int]:
    parent_id = None if parent is None else an_id(parent)
    found = await database.views.resources(query, parent_id)
    assert await database.views.count_resources(query, parent_id) == len(found)
    return [next(n for n in range(20) if an_id(n) == one.id) for one in found]


def test_rows_do_not_depend_on_the_delivery(new_database: NewDatabase, told: Story) -> None:
    amended = AmendResource(
        id="a", kind="deployment", resource_id=an_id(10), fields={"paused": False}
    )
    told.tell(amended)
    told.tell(RemoveResource(id="r", kind="work_pool", resource_id=an_id(1)))
    store(told, WorkPool(id=an_id(1), name="docker"))

    rows = {row["name"]: row for row in rows_after(new_database, VIEW, told)}
    assert rows.keys() == {"docker", "local", "a", "nightly", "daily", "weekly\ufffd"}
    assert rows["nightly"]["shown"]["paused"] is False
    assert rows["docker"]["shown"]["type"] == "prefect-agent"


@pytest.mark.anyio
async def test_resources_of_different_kinds_may_have_one_id(
    new_database: NewDatabase, told: Story, flow_id: UUID
) -> None:
    """Clients name the ids of some kinds, and nothing keeps them from naming one twice."""
    run = created(told, 15, deployment_id=an_id(11))
    placed = Deployment(
        id=an_id(13), flow_id=flow_id, name="placed", work_pool_id=an_id(1), work_queue_id=an_id(3)
    )
    store(told, placed)
    for n in (1, 3, 11):
        store(told, Variable(id=an_id(n), name=f"docker low daily {n}", value=n))
    database = new_database().tell(told)

    assert await ids(database, VariableQuery()) == [1, 11, 3]
    assert await ids(database, WorkPoolQuery()) == [1, 2]
    named = DeploymentFilter(name=NameIs(like_="low"))
    assert await ids(database, DeploymentQuery(deployments=named)) == []
    pool = WorkPoolFilter(name=TextIsAny(any_=["docker low daily 1"]))
    queue = WorkQueueFilter(name=NameStarts(any_=["docker low daily 3"]))
    for query in (DeploymentQuery(work_pools=pool), DeploymentQuery(work_queues=queue)):
        assert await ids(database, query) == []
    of_daily = FlowRunQuery(deployments=DeploymentFilter(name=NameIs(any_=["daily"])))
    assert [one.attributes.id for one in await database.views.flow_runs(of_daily)] == [run]
    of_variable = FlowRunQuery(deployments=DeploymentFilter(name=NameIs(like_="docker")))
    assert await database.views.flow_runs(of_variable) == []

    told.tell(RemoveResource(id="r", kind="variable", resource_id=an_id(1)))
    database.tell(told)
    assert await ids(database, VariableQuery()) == [11, 3]
    assert await ids(database, WorkPoolQuery()) == [1, 2]


@pytest.mark.anyio
async def test_a_resource_comes_back_as_it_was(
    new_database: NewDatabase, told: Story, flow_id: UUID
) -> None:
    database = new_database().tell(told)
    nightly = DeploymentQuery(deployments=DeploymentFilter(name=NameIs(any_=["nightly"])))

    (found,) = await database.views.resources(nightly, flow_id)
    assert isinstance(found, Deployment)
    own_limit = found.global_concurrency_limit_id
    assert own_limit is not None
    assert structs.asdict(found) == structs.asdict(
        Deployment(
            id=an_id(10), flow_id=flow_id, name="nightly", paused=True, tags=["etl", "a"],
            concurrency_limit=2, global_concurrency_limit_id=own_limit,
            created=NOON + timedelta(minutes=10),
            updated=NOON + timedelta(minutes=10), revision=1,
        )
    )  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        ({}, [11, 10, 12]),
        ({"id": IdIs(any_=[an_id(10)])}, [10]),
        ({"id": IdIs(not_any_=[an_id(10)])}, [11, 12]),
        ({"name": NameIs(like_="LY")}, [11, 10, 12]),
        ({"flow_or_deployment_name": Contains(like_="NIGHT")}, [10]),
        ({"flow_or_deployment_name": Contains(like_="ingest")}, [11, 10, 12]),
        ({"flow_or_deployment_name": Contains()}, [11, 10, 12]),
        ({"paused": Equals(eq_=True)}, [10]),
        ({"paused": Equals(eq_=False)}, [11, 12]),
        ({"paused": Equals()}, [11, 10, 12]),
        ({"tags": TagsAre(all_=["etl", "a"])}, [10]),
        ({"work_queue_name": TextIsAny(any_=["low"])}, [11]),
        ({"concurrency_limit": NullableNumberIs(ge_=2)}, [10]),
        ({"concurrency_limit": NullableNumberIs(ge_=3)}, []),
        ({"concurrency_limit": NullableNumberIs(is_null_=True)}, [11, 12]),
        (
            {"operator": "or_", "paused": Equals(eq_=True), "name": NameIs(any_=["daily"])},
            [11, 10],
        ),
    ],
)
async def test_deployments_are_filtered(
    new_database: NewDatabase, told: Story, deployment: dict[str, Any], expected: list[int]
) -> None:
    database = new_database().tell(told)
    query = DeploymentQuery(deployments=DeploymentFilter(**deployment))
    assert await ids(database, query) == expected


@pytest.mark.anyio
async def test_deployments_are_those_of_flows_and_runs_that_match(
    new_database: NewDatabase, told: Story
) -> None:
    run = created(told, 15, deployment_id=an_id(11))
    recorded(told, 16, StateType.PENDING, at=1, flow_run_id=run)
    database = new_database().tell(told)

    ingest, other = (FlowFilter(name=NameIs(any_=[name])) for name in ("ingest", "other"))
    assert await ids(database, DeploymentQuery(flows=ingest)) == [11, 10, 12]
    assert await ids(database, DeploymentQuery(flows=other)) == []
    of_run = FlowRunFilter(id=IdIs(any_=[run]))
    assert await ids(database, DeploymentQuery(flow_runs=of_run)) == [11]
    of_task = TaskRunFilter(id=IdIsAny(any_=[an_id(16)]))
    assert await ids(database, DeploymentQuery(task_runs=of_task)) == [11]


@pytest.mark.anyio
async def test_deployments_are_those_that_wait_where_it_is_asked(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)
    docker, local = (WorkPoolFilter(name=TextIsAny(any_=[name])) for name in ("docker", "local"))
    assert await ids(database, DeploymentQuery(work_pools=docker)) == [11]
    assert await ids(database, DeploymentQuery(work_pools=local)) == []
    low = WorkQueueFilter(id=IdIsAny(any_=[an_id(3)]))
    assert await ids(database, DeploymentQuery(work_queues=low, work_pool_queues=low)) == [11]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (None, [11, 10, 12]),
        (DeploymentSort.NAME_ASC, [11, 10, 12]),
        (DeploymentSort.NAME_DESC, [12, 10, 11]),
        (DeploymentSort.CREATED_DESC, [10, 11, 12]),
        (DeploymentSort.UPDATED_DESC, [10, 11, 12]),
    ],
)
async def test_deployments_are_sorted(
    new_database: NewDatabase, told: Story, sort: DeploymentSort | None, expected: list[int]
) -> None:
    assert await ids(new_database().tell(told), DeploymentQuery(sort=sort)) == expected


@pytest.mark.anyio
async def test_pools_queues_and_workers_are_filtered_each_in_their_order(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)

    assert await ids(database, WorkPoolQuery()) == [1, 2]
    of_type = WorkPoolFilter(type=TextIsAny(any_=["process"]))
    assert await ids(database, WorkPoolQuery(work_pools=of_type)) == [2]
    named = WorkPoolFilter(name=TextIsAny(any_=["docker"]), id=IdIsAny(any_=[an_id(1)]))
    assert await ids(database, WorkPoolQuery(work_pools=named)) == [1]

    assert await ids(database, WorkQueueQuery()) == [5, 4, 3]
    assert await ids(database, WorkQueueQuery(), parent=1) == [4, 3]
    some = WorkQueueFilter(name=NameStarts(startswith_=["l"]), id=IdIsAny(any_=[an_id(3)]))
    assert await ids(database, WorkQueueQuery(work_queues=some)) == [3]
    named_a = WorkQueueFilter(name=NameStarts(any_=["a"]))
    assert await ids(database, WorkQueueQuery(work_queues=named_a)) == [5]

    assert await ids(database, WorkerQuery(), parent=1) == [7, 6, 8]
    online = WorkerFilter(status=WorkerStatusIs(any_=["ONLINE"]))
    assert await ids(database, WorkerQuery(workers=online)) == [6]
    since = InstantIs(after_=NOON + timedelta(minutes=7))
    assert await ids(database, WorkerQuery(workers=WorkerFilter(last_heartbeat_time=since))) == [7]


@pytest.mark.anyio
async def test_variables_are_listed_by_what_is_demanded_of_them(
    new_database: NewDatabase, story: Story
) -> None:
    for n, name, tags in ((1, "region", ["a", "b"]), (2, "retries", ["a"]), (3, "zone", [])):
        store(story, Variable(id=an_id(n), name=name, value=n, tags=tags), minute=n)
    store(story, WorkPool(id=an_id(4), name="retries"))
    database = new_database().tell(story)

    assert await ids(database, VariableQuery()) == [1, 2, 3]
    for sort, expected in (
        (VariableSort.NAME_DESC, [3, 2, 1]),
        (VariableSort.CREATED_DESC, [3, 2, 1]),
        (VariableSort.UPDATED_DESC, [3, 2, 1]),
        (VariableSort.NAME_ASC, [1, 2, 3]),
    ):
        assert await ids(database, VariableQuery(sort=sort)) == expected
    for demands, expected in (
        (VariableFilter(), [1, 2, 3]),
        (VariableFilter(id=IdIsAny(any_=[an_id(2), an_id(4)])), [2]),
        (VariableFilter(name=NameIs(like_="re%")), [1, 2]),
        (VariableFilter(tags=TagsAre(all_=["a", "b"])), [1]),
        (VariableFilter(operator="or_", name=NameIs(any_=["zone"]),
                        tags=TagsAre(all_=["b"])), [1, 3]),
    ):  # fmt: skip
        assert await ids(database, VariableQuery(variables=demands)) == expected


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ({}, [15, 14, 13]),
        ({"id": IdIsAny(any_=[an_id(13)])}, [13]),
        ({"name": NameIs(like_="ibis")}, [14, 13]),
        ({"work_queue_id": IdIsAny(any_=[an_id(3)])}, [14, 13]),
        ({"last_activity_time": InstantIs(after_=NOON + timedelta(minutes=15))}, [15]),
        (
            {"operator": "or_", "id": IdIsAny(any_=[an_id(13)]), "name": NameIs(any_=["b"])},
            [15, 13],
        ),
    ],
)
async def test_agents_are_filtered_the_liveliest_first(
    new_database: NewDatabase, told: Story, agent: dict[str, Any], expected: list[int]
) -> None:
    for n, name, queue in ((13, "tall-ibis", 3), (14, "small-ibis", 3), (15, "b", 4)):
        seen = None if n == 13 else NOON + timedelta(minutes=n)
        store(
            told, Agent(id=an_id(n), name=name, work_queue_id=an_id(queue), last_activity_time=seen)
        )
    database = new_database().tell(told)

    assert await ids(database, AgentQuery(agents=AgentFilter(**agent))) == expected
    assert await ids(database, AgentQuery(), parent=4) == [15]


@pytest.mark.anyio
async def test_configuration_is_in_the_order_of_its_keys(
    new_database: NewDatabase, told: Story
) -> None:
    for n, key in ((13, "c"), (14, "a"), (15, "b")):
        store(told, Configuration(id=an_id(n), key=key, value={"n": n}))
    database = new_database().tell(told)
    c = ConfigurationFilter(key=NameIs(any_=["c"]))

    assert await ids(database, ConfigurationQuery()) == [14, 15, 13]
    assert await ids(database, ConfigurationQuery(configurations=c)) == [13]


@pytest.mark.anyio
async def test_limits_are_compared_with_numbers_that_no_limit_can_be(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)
    for least, expected in ((-(2**63), [10]), (2**31, []), (2**63 - 1, [])):
        limit = NullableNumberIs(ge_=least)
        query = DeploymentQuery(deployments=DeploymentFilter(concurrency_limit=limit))
        assert await ids(database, query) == expected
