"""A run is claimed once: only a pending run's own progress goes from pending to pending."""

import pytest

from events.changes import Change
from events.decisions import Outcome
from events.entities import Bookkeeping
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import InfrastructurePending, Pending, Running, Submitting
from tests.support.case import Case
from tests.support.examples import HOUR, LEASE, NOON, a_flow_run, a_state, force, propose

RULE = "PreventPendingTransitions"


def test_a_claimed_run_shows_how_its_infrastructure_comes_along(case: Case) -> None:
    """Footnote 5 and edge case 36: with the time and the lease of its claim."""
    claim = StateDetails(scheduled_time=NOON - HOUR, deployment_concurrency_lease_id=LEASE)
    case.given(a_flow_run(a_state(StateType.PENDING, details=claim)))
    case.when(propose(Submitting(state_details=StateDetails(scheduled_time=NOON))))
    booked = Bookkeeping(expected_start_time=NOON)
    expected: Change = case.entered(StateType.PENDING, "Submitting", booked=booked, details=claim)
    case.then(expected)
    case.accepts(propose(InfrastructurePending(), id="next"))


@pytest.mark.parametrize("name", ["Pending", "Submitting", "Reserved"])
@pytest.mark.parametrize("state", [Pending(), ProposedState(type=StateType.PENDING)], ids=str)
def test_nobody_else_claims_a_pending_run(case: Case, name: str, state: ProposedState) -> None:
    """Footnote 5."""
    case.given(a_flow_run(a_state(StateType.PENDING, name)))
    case.when(propose(state))
    case.then(
        outcome=Outcome.ABORT,
        rule=RULE,
        reason="This run is in a PENDING state and cannot transition to a PENDING state.",
    )


def test_a_name_is_taken_once(case: Case) -> None:
    """Footnote 5."""
    case.given(a_flow_run(a_state(StateType.PENDING, "Submitting")))
    assert case.decided(propose(Submitting())).rule == RULE


def test_a_running_run_is_not_claimed_under_any_name(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    assert case.decided(propose(Submitting())).outcome is Outcome.ABORT


def test_force_claims_a_claimed_run(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING)))
    case.accepts(force(Pending()))


def test_what_has_another_name_may_have_the_empty_one(case: Case) -> None:
    """Only no name at all is replaced by the default."""
    case.given(a_flow_run(a_state(StateType.PENDING)))
    case.accepts(propose(Pending(name="")))
    case.accepts(propose(Running(name=""), id="next"))
