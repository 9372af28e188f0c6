"""Artifacts are listed by what they are and by the runs that left them; the newest has the key."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events.proposals import RegisterFlow, RemoveResource, StoreResource
from events.queries import (
    ArtifactFilter,
    ArtifactQuery,
    ArtifactSort,
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    LatestArtifactFilter,
    LatestArtifactQuery,
    TaskRunFilter,
)
from events.queries.criteria import IdIs, IdIsAny, KeyIs, NameIs, TextIs
from events.resources.artifacts import Artifact
from events.resources.deployments import Deployment
from events.states import StateType
from tests.support.examples import NOON
from tests.support.rows import Database
from tests.support.telling import Story, an_id, created, recorded

NewDatabase = Callable[[], Database]

RUN, TASK = an_id(11), an_id(12)

ALL: tuple[dict[str, Any], ...] = (
    {"key": "report", "type": "table", "flow_run_id": RUN},
    {"key": "report", "type": "markdown", "flow_run_id": RUN, "task_run_id": TASK},
    {"key": "link", "type": "markdown"},
    {},
    {"key": "zone", "task_run_id": TASK},
)
"""Artifacts 1 to 5, a minute apart."""


@pytest.fixture
def told(story: Story) -> Story:
    """The artifacts, and the run of a deployment that left two of them."""
    flow = story.tell(RegisterFlow(id=story.next_id(), name="ingest")).decision
    flow_id = flow.subject_id
    nightly = Deployment(id=an_id(10), flow_id=flow_id, name="nightly")
    story.tell(StoreResource(id=story.next_id(), resource=nightly), NOON)
    created(story, 11, deployment_id=an_id(10), flow_id=flow_id)
    recorded(story, 12, StateType.PENDING, at=1, flow_run_id=RUN)
    for n, fields in enumerate(ALL, start=1):
        artifact = Artifact(id=an_id(n), **fields)
        story.tell(
            StoreResource(id=story.next_id(), resource=artifact), NOON + timedelta(minutes=n)
        )
    return story


async def ids(database: Database, query: ArtifactQuery | LatestArtifactQuery) -> list[int]:
    found = await database.views.resources(query)
    assert await database.views.count_resources(query) == len(found)
    return [next(n for n in range(20) if an_id(n) == one.id) for one in found]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("demands", "expected"),
    [
        ({}, [5, 4, 3, 2, 1]),
        ({"id": IdIsAny(any_=[an_id(2), an_id(9)])}, [2]),
        ({"key": KeyIs(any_=["report"])}, [2, 1]),
        ({"key": KeyIs(like_="PO")}, [2, 1]),
        ({"key": KeyIs(exists_=False)}, [4]),
        ({"key": KeyIs(exists_=True)}, [5, 3, 2, 1]),
        ({"type": TextIs(any_=["table"])}, [1]),
        ({"type": TextIs(not_any_=["table"])}, [3, 2]),
        ({"flow_run_id": IdIsAny(any_=[RUN])}, [2, 1]),
        ({"task_run_id": IdIsAny(any_=[TASK])}, [5, 2]),
        ({"operator": "or_", "type": TextIs(any_=["table"]), "key": KeyIs(any_=["zone"])}, [5, 1]),
    ],
)
async def test_artifacts_are_filtered(
    new_database: NewDatabase, told: Story, demands: dict[str, Any], expected: list[int]
) -> None:
    query = ArtifactQuery(artifacts=ArtifactFilter(**demands))
    assert await ids(new_database().tell(told), query) == expected


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"flow_runs": FlowRunFilter()}, [2, 1]),
        ({"flow_runs": FlowRunFilter(id=IdIs(any_=[an_id(9)]))}, []),
        ({"flows": FlowFilter(name=NameIs(any_=["ingest"]))}, [2, 1]),
        ({"flows": FlowFilter(name=NameIs(any_=["other"]))}, []),
        ({"task_runs": TaskRunFilter(id=IdIsAny(any_=[TASK]))}, [5, 2]),
        ({"deployments": DeploymentFilter(name=NameIs(any_=["nightly"]))}, [2, 1]),
        ({"deployments": DeploymentFilter(name=NameIs(any_=["other"]))}, []),
    ],
)
async def test_artifacts_are_those_of_runs_that_match(
    new_database: NewDatabase, told: Story, filters: dict[str, Any], expected: list[int]
) -> None:
    assert await ids(new_database().tell(told), ArtifactQuery(**filters)) == expected


@pytest.mark.anyio
async def test_artifacts_are_sorted_those_without_a_key_before_all_keys(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)
    for sort, expected in (
        (ArtifactSort.KEY_ASC, [4, 3, 1, 2, 5]),
        (ArtifactSort.KEY_DESC, [5, 1, 2, 3, 4]),
        (ArtifactSort.CREATED_DESC, [5, 4, 3, 2, 1]),
        (ArtifactSort.UPDATED_DESC, [5, 4, 3, 2, 1]),
    ):
        assert await ids(database, ArtifactQuery(sort=sort)) == expected


@pytest.mark.anyio
async def test_the_newest_artifact_of_a_key_is_what_the_key_stands_for(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)
    wanted: tuple[tuple[dict[str, Any], list[int]], ...] = (
        ({}, [5, 3, 2]),
        ({"key": KeyIs(any_=["report"])}, [2]),
        ({"key": KeyIs(exists_=False)}, []),
        ({"type": TextIs(any_=["table"])}, []),
        ({"id": IdIsAny(any_=[an_id(1), an_id(2)])}, [2]),
        ({"operator": "or_", "key": KeyIs(any_=["zone"]), "type": TextIs(any_=["markdown"])},
         [5, 3, 2]),
    )  # fmt: skip
    for demands, expected in wanted:
        query = LatestArtifactQuery(artifacts=LatestArtifactFilter(**demands))
        assert await ids(database, query) == expected
    assert await ids(database, LatestArtifactQuery()) == [5, 3, 2]
    assert await ids(database, LatestArtifactQuery(flow_runs=FlowRunFilter())) == [2]


@pytest.mark.anyio
async def test_when_the_newest_artifact_goes_its_key_stands_for_the_one_before(
    new_database: NewDatabase, told: Story
) -> None:
    told.tell(RemoveResource(id="r", kind="artifact", resource_id=an_id(2)))
    query = LatestArtifactQuery(artifacts=LatestArtifactFilter(key=KeyIs(any_=["report"])))

    assert await ids(new_database().tell(told), query) == [1]
