"""Automations are listed by their own fields, and by the resources that they have to do with."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events.proposals import StoreResource
from events.queries import (
    AutomationFilter,
    AutomationQuery,
    AutomationSort,
    RelatedFilter,
    RelatedQuery,
    SavedSearchQuery,
)
from events.queries.criteria import Holds, IdIsAny, InstantIs, TagsAre, TextIsAny
from events.resources.automations import Automation
from events.resources.automations.actions import CancelFlowRun, PauseDeployment
from events.resources.automations.triggers import EventTrigger
from events.resources.saved_searches import SavedSearch
from tests.support.examples import DEPLOYMENT, NOON
from tests.support.rows import Database
from tests.support.telling import Story, an_id

NewDatabase = Callable[[], Database]

TRIGGER = EventTrigger(id=an_id(9), posture="Reactive")
OWNER = f"prefect.deployment.{DEPLOYMENT}"
ALL: tuple[dict[str, Any], ...] = (
    {"name": "b", "owner_resource": OWNER, "actions": [PauseDeployment(deployment_id=DEPLOYMENT)]},
    {"name": "a", "actions": [CancelFlowRun(), PauseDeployment(deployment_id=DEPLOYMENT)]},
    {"name": "c", "tags": ["x"], "actions": [PauseDeployment(source="inferred")]},
)


@pytest.fixture
def told(story: Story) -> Story:
    """Three automations, a minute apart, and two searches."""
    for n, fields in enumerate(ALL, start=1):
        one = Automation(id=an_id(n), trigger=TRIGGER, **fields)
        story.tell(StoreResource(id=story.next_id(), resource=one), NOON + timedelta(minutes=n))
    for n, name in ((4, "late"), (5, "failed")):
        search = SavedSearch(id=an_id(n), name=name)
        story.tell(StoreResource(id=story.next_id(), resource=search), NOON)
    return story


async def ids(
    database: Database, query: AutomationQuery | RelatedQuery | SavedSearchQuery
) -> list[int]:
    found = await database.views.resources(query)
    assert await database.views.count_resources(query) == len(found)
    return [next(n for n in range(20) if an_id(n) == one.id) for one in found]


@pytest.mark.anyio
async def test_automations_are_filtered_and_sorted(new_database: NewDatabase, told: Story) -> None:
    database = new_database().tell(told)
    demands: tuple[tuple[dict[str, Any], list[int]], ...] = (
        ({}, [2, 1, 3]),
        ({"id": IdIsAny(any_=[an_id(1)])}, [1]),
        ({"name": TextIsAny(any_=["a", "c"])}, [2, 3]),
        ({"created": InstantIs(before_=NOON + timedelta(minutes=2))}, [2, 1]),
        ({"tags": TagsAre(any_=["x"])}, [3]),
    )
    for filter, expected in demands:
        query = AutomationQuery(automations=AutomationFilter(**filter))
        assert await ids(database, query) == expected
    for sort, expected in (
        (AutomationSort.NAME_DESC, [3, 1, 2]),
        (AutomationSort.CREATED_DESC, [3, 2, 1]),
        (AutomationSort.UPDATED_DESC, [3, 2, 1]),
        (AutomationSort.NAME_ASC, [2, 1, 3]),
    ):
        assert await ids(database, AutomationQuery(sort=sort)) == expected


@pytest.mark.anyio
async def test_automations_are_found_by_the_resources_they_have_to_do_with(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)
    related = RelatedFilter(related=Holds(text=OWNER))
    assert await ids(database, RelatedQuery(related=related)) == [2, 1]
    owned = RelatedFilter(owner_resource=TextIsAny(any_=[OWNER]))
    assert await ids(database, RelatedQuery(related=owned)) == [1]


@pytest.mark.anyio
async def test_searches_are_listed_by_name(new_database: NewDatabase, told: Story) -> None:
    assert await ids(new_database().tell(told), SavedSearchQuery()) == [5, 4]
