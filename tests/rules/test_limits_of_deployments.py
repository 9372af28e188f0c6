"""A deployment has a concurrency limit of its own, or shares one, or has none."""

from datetime import datetime
from typing import Any

import pytest

from events.changes import FlowRegistered
from events.decisions import Decision, Outcome
from events.entities import Flow, flow_key
from events.identity import derived_id
from events.proposals import (
    AmendResource,
    CreateLimit,
    DeleteLimit,
    RemoveResource,
    StoreResource,
    TakeSlots,
)
from events.resources.deployments import Deployment
from events.resources.registry import resource_key
from events.slots import ConcurrencyLimit, limit_key, limit_name_key
from tests.support.case import Case
from tests.support.examples import DEPLOYMENT, FLOW, LEASE, MINUTE, NOON, STATE

OWN = derived_id(NOON, DEPLOYMENT, "limit")
SHARED = STATE
NAME = f"deployment:{DEPLOYMENT}"


@pytest.fixture(autouse=True)
def flow(case: Case) -> None:
    flow = Flow(id=FLOW, name="etl", created=NOON, updated=NOON)
    case.given(
        Decision(
            proposal_id="f",
            kind="register_flow",
            subject=flow_key(FLOW),
            version=1,
            at=NOON,
            changes=(FlowRegistered(flow=flow),),
        )
    )
    case.asked(CreateLimit(id="shared", limit_id=SHARED, name="shared", limit=3))


def store(case: Case, **fields: Any) -> Decision:
    made = Deployment(id=DEPLOYMENT, flow_id=FLOW, name="nightly", **fields)
    given = {"id": f"store {case.position}", "if_exists": "amend", "given": [*fields]}
    return case.decided(StoreResource(resource=made, **given))  # pyright: ignore[reportArgumentType]


def amend(case: Case, at: datetime = NOON, **fields: Any) -> Decision:
    return case.decided(
        AmendResource(
            id=f"amend {case.position}", kind="deployment", resource_id=DEPLOYMENT, fields=fields
        ),
        at,
    )


def limits(case: Case) -> tuple[object, object, int | None, bool]:
    """The deployment's number and limit, the most that its own limit grants, and its name."""
    deployment = case.known[resource_key("deployment", DEPLOYMENT)]
    assert isinstance(deployment, Deployment)
    own = case.known.get(limit_key(OWN))
    most = own.limit.limit if isinstance(own, ConcurrencyLimit) else None
    is_named = limit_name_key(NAME) in case.known
    id = deployment.global_concurrency_limit_id
    return deployment.concurrency_limit, id, most, is_named


NONE = (None, None, None, False)


def test_a_number_makes_a_limit_of_its_own(case: Case) -> None:
    store(case, concurrency_limit=2)
    assert limits(case) == (2, OWN, 2, True)
    store(case, concurrency_limit=5)
    assert limits(case) == (5, OWN, 5, True)
    amend(case, concurrency_limit=None)
    assert limits(case) == NONE
    amend(case, NOON + MINUTE, concurrency_limit=4)
    another = derived_id(NOON + MINUTE, DEPLOYMENT, "limit")
    assert limits(case) == (4, another, None, True)
    assert limit_key(another) in case.known


def test_what_leases_hold_stays_when_the_number_changes(case: Case) -> None:
    store(case, concurrency_limit=2)
    case.asked(TakeSlots(id="take", limit_ids=[OWN], lease_id=LEASE))
    amend(case, concurrency_limit=9)
    own = case.known[limit_key(OWN)]
    assert isinstance(own, ConcurrencyLimit)
    assert (own.limit.active_slots, [*own.leases]) == (1, [LEASE])


def test_other_changes_leave_the_limit_alone(case: Case) -> None:
    store(case, concurrency_limit=2)
    amend(case, description="x")
    store(case, tags=["a"])
    assert limits(case) == (2, OWN, 2, True)


def test_a_shared_limit_takes_the_place_of_its_own(case: Case) -> None:
    store(case, concurrency_limit=2)
    amend(case, global_concurrency_limit_id=str(SHARED))
    assert limits(case) == (None, SHARED, None, False)


def test_a_shared_limit_is_not_changed_by_who_shares_it(case: Case) -> None:
    store(case, global_concurrency_limit_id=SHARED)
    amend(case, concurrency_limit=7)
    assert limits(case) == (7, OWN, 7, True)
    amend(case, global_concurrency_limit_id=str(SHARED), concurrency_limit=None)
    amend(case, concurrency_limit=None)
    assert limits(case) == NONE
    shared = case.known[limit_key(SHARED)]
    assert isinstance(shared, ConcurrencyLimit)
    assert shared.limit.limit == 3


def test_a_limit_that_is_not_there_cannot_be_shared(case: Case) -> None:
    refused = store(case, global_concurrency_limit_id=LEASE)
    assert (refused.outcome, refused.changes) == (Outcome.REJECT, ())
    assert (refused.rule, refused.reason) == ("KnowParents", "Concurrency limit not found")
    store(case)
    assert amend(case, global_concurrency_limit_id=str(LEASE)).outcome is Outcome.REJECT
    assert limits(case) == NONE


def test_its_own_limit_goes_with_it(case: Case) -> None:
    store(case, concurrency_limit=2)
    case.asked(RemoveResource(id="remove", kind="deployment", resource_id=DEPLOYMENT))
    assert limit_key(OWN) not in case.known
    assert limit_name_key(NAME) not in case.known


def test_a_limit_of_its_own_that_was_deleted_is_made_again(case: Case) -> None:
    store(case, concurrency_limit=2)
    case.asked(DeleteLimit(id="delete", limit_id=OWN))
    amend(case, concurrency_limit=2)
    assert limits(case) == (2, OWN, 2, True)


def test_a_limit_that_has_its_name_already_becomes_its_own(case: Case) -> None:
    case.asked(CreateLimit(id="make", limit_id=LEASE, name=NAME, limit=1))
    store(case, concurrency_limit=2)
    assert limits(case) == (2, LEASE, None, True)
