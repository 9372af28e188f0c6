"""One claim of a notification stands, and it needs its policy, which it outlives."""

from uuid import UUID

import pytest

from events.changes import ResourceRemoved, ResourceStored
from events.decisions import Outcome
from events.proposals import AmendResource, RemoveResource, StoreResource
from events.resources.blocks import BlockDocument, BlockSchema, BlockType
from events.resources.notifications import FlowRunNotificationPolicy, Notification, Sending
from events.resources.registry import members_key, resource_key
from events.resources.resource import Resource
from tests.support.case import Case
from tests.support.examples import RUN, STATE

POLICY = UUID("0190a5b2-6f2e-4a10-9a77-000000000094")
TYPE = BlockType(id=UUID("0190a5b2-6f2e-4a10-9a77-000000000091"), name="hook", slug="hook")
SCHEMA = BlockSchema(
    id=UUID("0190a5b2-6f2e-4a10-9a77-000000000092"), checksum="a", block_type_id=TYPE.id
)
BLOCK = BlockDocument(
    id=UUID("0190a5b2-6f2e-4a10-9a77-000000000093"),
    name="hook",
    block_schema_id=SCHEMA.id,
    block_type_id=TYPE.id,
)
TELL = FlowRunNotificationPolicy(
    id=POLICY, state_names=["Failed"], tags=[], block_document_id=BLOCK.id
)

TELL_KIND = "flow_run_notification_policy"


def claim(n: int) -> StoreResource:
    """The claim of the *n*th notifier."""
    made = Notification(
        id=UUID(int=n), policy_id=POLICY, flow_run_id=RUN, state_id=STATE, state_name="Failed"
    )
    return StoreResource(id=f"claim-{n}", resource=made, if_exists="keep")


def amend(**fields: object) -> AmendResource:
    return AmendResource(
        id="amend", kind="notification", resource_id=UUID(int=1), fields=dict(fields)
    )


@pytest.fixture
def policy(case: Case) -> Case:
    """A policy with its block."""
    each: tuple[Resource, ...] = (TYPE, SCHEMA, BLOCK, TELL)
    case.asked(*(StoreResource(id=f"{n}", resource=one) for n, one in enumerate(each)))  # pyright: ignore[reportArgumentType]
    return case


def test_of_two_claims_of_one_transition_the_first_stands(policy: Case) -> None:
    (first,) = policy.decided(claim(1)).changes
    assert isinstance(first, ResourceStored)
    second = policy.decided(claim(2))

    assert (second.outcome, second.changes) == (Outcome.ACCEPT, ())
    assert second.subject_id == UUID(int=1)
    assert members_key("notification", POLICY) not in policy.known


def test_a_policy_that_is_gone_is_not_claimed_for(policy: Case) -> None:
    policy.asked(RemoveResource(id="gone", kind=TELL_KIND, resource_id=POLICY))
    decision = policy.decided(claim(1))

    assert (decision.outcome, decision.rule) == (Outcome.REJECT, "KnowParents")


def test_what_became_of_a_claim_is_noted_though_its_policy_is_gone(policy: Case) -> None:
    policy.asked(claim(1))
    gone = policy.decided(RemoveResource(id="gone", kind="block_document", resource_id=BLOCK.id))
    assert gone.changes == (
        ResourceRemoved(kind=TELL_KIND, id=POLICY),
        ResourceRemoved(kind="block_document", id=BLOCK.id),
    )
    policy.asked(amend(outcome="sent"))

    after = policy.known[resource_key("notification", UUID(int=1))]
    assert isinstance(after, Notification)
    assert after.outcome is Sending.SENT
