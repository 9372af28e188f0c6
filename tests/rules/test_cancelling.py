"""A run that is asked to end ends as cancelled; at once, if nothing runs that could be stopped."""

from typing import Any

import pytest

from events.changes import StateEntered
from events.decisions import Outcome
from events.entities import Bookkeeping
from events.states import NO_DETAILS, StateDetails, StateType
from events.states.constructors import Cancelled, Cancelling, Pending, Running
from tests.support.case import Case
from tests.support.examples import NOON, a_flow_run, a_state, force, propose

RULE = "BypassCancellingFlowRunsWithNoInfra"
ENDED = Bookkeeping(expected_start_time=NOON, start_time=NOON, end_time=NOON)


def cancelled(case: Case) -> StateEntered:
    return case.entered(StateType.CANCELLED, booked=ENDED)


@pytest.mark.parametrize("proposal", [propose, force])
def test_a_scheduled_run_without_process_is_cancelled_at_once(case: Case, proposal: Any) -> None:
    """Footnote 4 and edge case 20: by force as well, and the proposer's message is not kept."""
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    case.when(proposal(Cancelling(message="please")))
    case.then(
        cancelled(case),
        outcome=Outcome.REJECT,
        rule=RULE,
        reason="Scheduled flow run has no infrastructure to terminate.",
    )


def test_a_scheduled_run_with_a_process_is_asked(case: Case) -> None:
    """Footnote 4."""
    case.given(a_flow_run(a_state(StateType.SCHEDULED, "AwaitingRetry"), infrastructure_pid="1"))
    case.accepts(propose(Cancelling()))


def test_a_resuming_run_is_cancelled_at_once_whatever_its_process(case: Case) -> None:
    """Edge case 21."""
    case.given(a_flow_run(a_state(StateType.SCHEDULED, "Resuming"), infrastructure_pid="1"))
    case.when(propose(Cancelling()))
    case.then(
        cancelled(case),
        outcome=Outcome.REJECT,
        rule=RULE,
        reason="Scheduled flow run has no infrastructure to terminate.",
    )


def test_a_suspended_run_is_cancelled_at_once(case: Case) -> None:
    """Footnote 4: its process is gone; and it is not noted as resuming."""
    suspended = StateDetails(pause_reschedule=True)
    case.given(
        a_flow_run(
            a_state(StateType.PAUSED, "Suspended", details=suspended), infrastructure_pid="1"
        )
    )
    case.when(propose(Cancelling()))
    case.then(
        cancelled(case),
        outcome=Outcome.REJECT,
        rule=RULE,
        reason="Suspended flow run has no infrastructure to terminate.",
    )


def test_a_paused_run_is_asked_even_past_its_deadline(case: Case) -> None:
    """Footnote 4 and edge case 12."""
    overdue = StateDetails(pause_timeout=NOON)
    case.given(a_flow_run(a_state(StateType.PAUSED, details=overdue)))
    case.accepts(propose(Cancelling()))


def test_a_cancelling_run_is_not_claimed(case: Case) -> None:
    """Edge case 18: it is told that it is cancelling, not that it is claimed."""
    case.given(a_flow_run(a_state(StateType.CANCELLING)))
    case.when(propose(Pending()))
    case.then(
        outcome=Outcome.REJECT,
        rule="EnforceCancellingToCancelledTransition",
        reason="Cannot transition flows that are cancelling to a state other than Cancelled.",
    )


def test_force_takes_a_run_out_of_cancelling(case: Case) -> None:
    """Edge case 18."""
    case.given(a_flow_run(a_state(StateType.CANCELLING)))
    case.accepts(force(Running()))


def test_the_state_that_replaces_another_brings_nothing_of_it(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    asked = Cancelling(data={"x": 1}, state_details=StateDetails(traceparent="t"))
    case.asked(propose(asked))
    assert (case.state.type, case.state.data) == (StateType.CANCELLED, None)
    assert case.state.state_details.traceparent is NO_DETAILS.traceparent


def test_cancelled_ends_the_cancelling(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.CANCELLING)))
    case.accepts(propose(Cancelled(message="Flow run was cancelled.")))
