"""Late is said once, and only of runs that wait for their time."""

import pytest

from events.decisions import Outcome
from events.entities import Bookkeeping
from events.states import StateDetails, StateType
from events.states.constructors import Late, Scheduled
from tests.support.case import Case
from tests.support.examples import HOUR, NOON, a_flow_run, a_state, force, propose

RULE = "EnsureOnlyScheduledFlowsMarkedLate"
DUE = NOON - HOUR


def test_a_scheduled_run_becomes_late_and_stays_due_when_it_was(case: Case) -> None:
    """Footnote 1 and edge case 35."""
    booked = Bookkeeping(expected_start_time=DUE, next_scheduled_start_time=DUE)
    scheduled = a_state(StateType.SCHEDULED, details=StateDetails(scheduled_time=DUE))
    case.given(a_flow_run(scheduled, booked))
    case.when(propose(Late(DUE)))
    case.then(
        case.entered(
            StateType.SCHEDULED, "Late", booked=booked, details=StateDetails(scheduled_time=DUE)
        )
    )


def test_a_late_run_is_not_late_again(case: Case) -> None:
    """Footnote 1 and edge case 35."""
    case.given(a_flow_run(a_state(StateType.SCHEDULED, "Late")))
    case.when(propose(Late(DUE)))
    case.then(outcome=Outcome.REJECT, rule=RULE, reason="This flow run is already marked late.")


@pytest.mark.parametrize("type", [StateType.PENDING, StateType.RUNNING, StateType.FAILED])
def test_only_a_scheduled_run_is_late(case: Case, type: StateType) -> None:
    """Footnote 1; a run that had ended keeps the policy it ended with."""
    case.given(a_flow_run(a_state(type)))
    case.when(propose(Late(DUE)))
    case.then(outcome=Outcome.REJECT, rule=RULE, reason="Only scheduled flows can be marked late.")


def test_a_late_run_may_be_rescheduled(case: Case) -> None:
    """Edge case 35: it is expected when it was expected first."""
    booked = Bookkeeping(expected_start_time=DUE, next_scheduled_start_time=DUE)
    case.given(a_flow_run(a_state(StateType.SCHEDULED, "Late"), booked))
    case.accepts(propose(Scheduled(NOON + HOUR)))
    assert case.flow_run.progress.booked == Bookkeeping(
        expected_start_time=DUE, next_scheduled_start_time=NOON + HOUR
    )


def test_other_names_are_compared_with_their_case(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    case.accepts(propose(Late(DUE, name="late")))


def test_a_first_state_may_be_late(case: Case) -> None:
    case.given(a_flow_run())
    case.accepts(propose(Late(DUE)))


def test_force_makes_anything_late(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    case.accepts(force(Late(DUE)))
