"""The lease of a deployment's slot goes with the run, from state to state."""

from typing import Any

import pytest

from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import Completed, Failed, Pending, Running, Scheduled, Submitting
from tests.support.case import Case
from tests.support.examples import LEASE, NOON, STATE, a_flow_run, a_state, force, propose

LEASED = StateDetails(deployment_concurrency_lease_id=LEASE)
OTHER = StateDetails(deployment_concurrency_lease_id=STATE)


def lease_of(case: Case) -> object:
    return case.state.state_details.deployment_concurrency_lease_id


@pytest.mark.parametrize("proposal", [propose, force])
@pytest.mark.parametrize("state", [Completed(), Failed(), Scheduled(NOON), Running()], ids=str)
def test_a_state_without_lease_takes_over_the_current_one(
    case: Case, proposal: Any, state: ProposedState
) -> None:
    """Edge cases 37 and 38: by force as well, and into terminal states."""
    case.given(a_flow_run(a_state(StateType.RUNNING, details=LEASED)))
    case.accepts(proposal(state))
    assert lease_of(case) == LEASE


def test_a_state_with_a_lease_keeps_its_own(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING, details=LEASED)))
    case.accepts(propose(Completed(state_details=OTHER)))
    assert lease_of(case) == STATE


def test_a_pending_run_that_goes_on_keeps_the_lease_of_its_claim(case: Case) -> None:
    """Edge case 36: whatever lease the client names."""
    case.given(a_flow_run(a_state(StateType.PENDING, details=LEASED)))
    case.accepts(propose(Submitting(state_details=OTHER)))
    assert lease_of(case) == LEASE


@pytest.mark.parametrize("claimed", [LEASED, StateDetails()], ids=["leased", "free"])
def test_a_run_starts_on_the_lease_of_its_claim(case: Case, claimed: StateDetails) -> None:
    """Footnote 6: while no limit is in force, losing the lease cancels nobody."""
    case.given(a_flow_run(a_state(StateType.PENDING, details=claimed)))
    case.accepts(propose(Running(state_details=OTHER)))
    assert lease_of(case) == claimed.deployment_concurrency_lease_id


@pytest.mark.parametrize("type", [StateType.SCHEDULED, StateType.COMPLETED, StateType.FAILED])
def test_without_a_limit_every_claim_is_accepted(case: Case, type: StateType) -> None:
    """Footnote 2: a claim of a run with a deployment that has no limit."""
    case.given(a_flow_run(a_state(type)))
    case.accepts(propose(Pending()))
