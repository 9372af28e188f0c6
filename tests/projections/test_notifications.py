"""Policies are listed by whether they are active; notifications outlive the policy they are of."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from events.proposals import RemoveResource, StoreResource
from events.queries import (
    NotificationFilter,
    NotificationPolicyFilter,
    NotificationPolicyQuery,
    NotificationQuery,
)
from events.queries.criteria import Equals, IdIsAny, TextIsAny
from events.resources.blocks import BlockDocument, BlockSchema, BlockType
from events.resources.notifications import FlowRunNotificationPolicy, Notification, Sending
from tests.support.examples import NOON, RUN
from tests.support.rows import Database
from tests.support.telling import Story, an_id

NewDatabase = Callable[[], Database]

POLICY, OTHER = an_id(1), an_id(2)
TYPE = BlockType(id=an_id(10), name="hook", slug="hook")
SCHEMA = BlockSchema(id=an_id(11), checksum="a", block_type_id=TYPE.id)
BLOCK = BlockDocument(id=an_id(12), name="hook", block_schema_id=SCHEMA.id, block_type_id=TYPE.id)


@pytest.fixture
def told(story: Story) -> Story:
    """Two policies of one block, and three notifications of the first, a minute apart."""
    for each in (TYPE, SCHEMA, BLOCK):
        story.tell(StoreResource(id=story.next_id(), resource=each), NOON)
    for id, is_active in ((POLICY, True), (OTHER, False)):
        policy = FlowRunNotificationPolicy(
            id=id, is_active=is_active, state_names=[], tags=[], block_document_id=BLOCK.id
        )
        story.tell(StoreResource(id=story.next_id(), resource=policy), NOON)
    for n, outcome in ((4, Sending.SENT), (5, Sending.FAILED), (6, Sending.SENT)):
        sent = Notification(
            id=an_id(n),
            policy_id=POLICY,
            flow_run_id=RUN if n == 5 else an_id(9),
            state_id=an_id(n),
            state_name="Failed",
            outcome=outcome,
        )
        story.tell(StoreResource(id=story.next_id(), resource=sent), NOON + timedelta(minutes=n))
    return story


async def ids(database: Database, query: Any, *parent: Any) -> list[int]:
    found = await database.views.resources(query, *parent)
    assert await database.views.count_resources(query, *parent) == len(found)
    return [next(n for n in range(20) if an_id(n) == one.id) for one in found]


@pytest.mark.anyio
async def test_policies_are_listed_by_whether_they_are_active(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)
    for is_active, expected in ((None, [1, 2]), (True, [1]), (False, [2])):
        demands = NotificationPolicyFilter(is_active=Equals(eq_=is_active))
        query = NotificationPolicyQuery(flow_run_notification_policy_filter=demands)
        assert await ids(database, query) == expected


@pytest.mark.anyio
async def test_notifications_are_listed_by_policy_run_and_outcome(
    new_database: NewDatabase, told: Story
) -> None:
    database = new_database().tell(told)
    demands: tuple[tuple[dict[str, Any], list[int]], ...] = (
        ({}, [6, 5, 4]),
        ({"flow_run_id": IdIsAny(any_=[RUN])}, [5]),
        ({"outcome": TextIsAny(any_=["sent"])}, [6, 4]),
        ({"id": IdIsAny(any_=[an_id(4)])}, [4]),
    )
    for filter, expected in demands:
        query = NotificationQuery(notifications=NotificationFilter(**filter))
        assert await ids(database, query, POLICY) == expected
    assert await ids(database, NotificationQuery(), OTHER) == []


@pytest.mark.anyio
async def test_what_was_sent_stays_when_its_policy_goes_with_the_block(
    new_database: NewDatabase, told: Story
) -> None:
    gone = RemoveResource(id=told.next_id(), kind="block_document", resource_id=BLOCK.id)
    told.tell(gone, NOON + timedelta(hours=1))
    database = new_database().tell(told)
    assert await ids(database, NotificationPolicyQuery()) == []
    assert await ids(database, NotificationQuery(), POLICY) == [6, 5, 4]
