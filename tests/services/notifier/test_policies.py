"""Policies are taken from the log, each as it was when a state was entered."""

from datetime import timedelta
from uuid import UUID

import pytest
from msgspec import structs

from events.changes import Change, ResourceRemoved, ResourceStored, StateEntered
from events.decisions import Decision
from events.entities import NOTHING_BOOKED
from events.instants import millis_of
from events.resources.notifications import FlowRunNotificationPolicy
from events.states import State, StateType
from events.wire.codec import encode
from services.notifier.policies import (
    ABOUT_POLICIES,
    VERSIONS_MAX,
    Policies,
    has_tag,
    names_state,
)
from tests.support.examples import MINUTE, NOON, RUN, STATE

POLICY = UUID("0190a5b2-6f2e-4a10-9a77-000000000094")
NOON_MS = millis_of(NOON)


def told(**fields: object) -> FlowRunNotificationPolicy:
    policy = FlowRunNotificationPolicy(
        id=POLICY, created=NOON, updated=NOON, state_names=["Failed"], tags=[],
        block_document_id=UUID(int=1),
    )  # fmt: skip
    return structs.replace(policy, **fields)


def decision(*changes: Change, subject: str = "flow_run:a") -> Decision:
    return Decision(proposal_id="p", kind="k", subject=subject, at=NOON, changes=changes)


def folded(*policies: FlowRunNotificationPolicy) -> Policies:
    found = Policies()
    for each in policies:
        found.fold(decision(ResourceStored(resource=each)), millis_of(each.updated))
    return found


def entered(name: str, subject: str = f"flow_run:{RUN}") -> bytes:
    state = State(id=STATE, type=StateType.FAILED, name=name, timestamp=NOON)
    return encode(decision(StateEntered(state=state, booked=NOTHING_BOOKED), subject=subject))


def test_a_policy_is_in_force_from_its_change_on() -> None:
    off = told(is_active=False, updated=NOON + MINUTE)
    on = told(tags=["x"], updated=NOON + 2 * MINUTE)
    policies = folded(told(), off, on)
    policies.fold(decision(ResourceRemoved(kind=GONE, id=POLICY)), NOON_MS + 180_000)
    policies = Policies.read(policies.written())

    expected = {-1: [], 0: [told()], 60_000: [], 120_000: [on], 179_999: [on], 180_000: []}
    assert {ms: list(policies.at(NOON_MS + ms)) for ms in expected} == expected


GONE = "flow_run_notification_policy"


def test_what_is_not_about_policies_is_passed_over() -> None:
    policies = Policies.read(None)
    policies.fold(decision(ResourceRemoved(kind="variable", id=POLICY)), NOON_MS)
    assert policies.active_from(0) is None
    assert not ABOUT_POLICIES.search(encode(decision(ResourceRemoved(kind="variable", id=POLICY))))
    for change in (ResourceStored(resource=told()), ResourceRemoved(kind=GONE, id=POLICY)):
        assert ABOUT_POLICIES.search(encode(decision(change)))


def test_it_is_known_from_when_on_something_is_wanted() -> None:
    later = NOON + 5 * MINUTE
    policies = folded(told(), told(is_active=False, updated=NOON + MINUTE), told(updated=later))
    asked = {0: 0, 59_999: 59_999, 60_000: 300_000, 400_000: 400_000, -5: 0}
    for ms, expected in asked.items():
        assert policies.active_from(NOON_MS + ms) == NOON_MS + expected
    assert folded(told(is_active=False)).active_from(0) is None


@pytest.mark.parametrize("name", ["Failed", 'Zurück"ge\\stellt', "a.b|c"])
def test_only_decisions_that_name_a_wanted_state_are_read(name: str) -> None:
    policies = folded(told(state_names=["Nowhere", name]))
    assert policies.may_want(entered(name))
    assert not policies.may_want(entered("Completed"))
    assert not policies.may_want(entered(name, subject=f"task_run:{RUN}"))
    assert folded(told(state_names=[])).may_want(entered("Completed"))
    assert not folded(told(is_active=False)).may_want(entered("Failed"))


def test_what_is_old_is_forgotten_and_what_is_in_force_is_not() -> None:
    changed = [told(tags=[str(n)], updated=NOON + timedelta(seconds=n)) for n in range(200)]
    policies = folded(*changed)
    policies.forget(NOON_MS)
    assert list(policies.at(NOON_MS + 150_000)) == [changed[150]]
    assert list(policies.at(NOON_MS + 99_000)) == []  # no more than that many versions
    assert len(changed) == 2 * VERSIONS_MAX
    policies.forget(NOON_MS + 1_000_000)
    assert list(policies.at(NOON_MS + 199_000)) == [changed[199]]
    assert list(policies.at(NOON_MS + 198_000)) == []
    policies.fold(decision(ResourceRemoved(kind=GONE, id=POLICY)), NOON_MS + 300_000)
    policies.forget(NOON_MS + 1_000_000)
    assert policies.written() == b"{}"


def test_states_and_tags_that_are_not_named_are_any() -> None:
    assert names_state(told(), "Failed")
    assert not names_state(told(), "failed")
    assert names_state(told(state_names=[]), "anything")
    assert has_tag(told(), [])
    assert has_tag(told(tags=["a", "b"]), ["b", "c"])
    assert not has_tag(told(tags=["a", "b"]), ["c"])
