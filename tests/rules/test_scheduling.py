"""A run starts when its time has come, and being claimed does not make it come earlier."""

from datetime import timedelta

import pytest

from events.decisions import Outcome
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import Pending, Running, Scheduled
from tests.support.case import Case
from tests.support.examples import HOUR, NOON, SECOND, a_flow_run, a_state, force, propose

DAYS = timedelta(days=1_000)


def scheduled(case: Case, wait: timedelta, type: StateType = StateType.SCHEDULED) -> None:
    details = StateDetails(scheduled_time=NOON + wait)
    case.given(a_flow_run(a_state(type, details=details)))


@pytest.mark.parametrize("type", [StateType.SCHEDULED, StateType.PENDING])
@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (0.500_001 * SECOND, 1),
        (1.4 * SECOND, 1),
        (1.5 * SECOND, 1),
        (1.500_001 * SECOND, 2),
        (2.5 * SECOND, 2),
        (HOUR, 3_600),
        (DAYS, 86_400_000),
    ],
)
def test_a_run_waits_for_its_time_to_the_nearest_second(
    case: Case, wait: timedelta, seconds: int, type: StateType
) -> None:
    """Footnote 3 and edge case 33: a half is rounded down."""
    scheduled(case, wait, type)
    case.when(propose(Running()))
    case.then(
        outcome=Outcome.WAIT,
        rule="WaitForScheduledTime",
        reason="Scheduled time is in the future",
        delay_seconds=seconds,
    )


@pytest.mark.parametrize("wait", [0.5 * SECOND, 0 * SECOND, -HOUR])
def test_a_run_that_is_due_starts(case: Case, wait: timedelta) -> None:
    """Edge case 33."""
    scheduled(case, wait)
    case.accepts(propose(Running()))


def test_force_does_not_wait(case: Case) -> None:
    scheduled(case, HOUR)
    case.accepts(force(Running()))


def test_being_claimed_does_not_evade_waiting(case: Case) -> None:
    """Edge case 34."""
    scheduled(case, HOUR)
    case.accepts(propose(Pending()))
    assert case.state.state_details.scheduled_time == NOON + HOUR
    assert case.decided(propose(Running(), id="next")).outcome is Outcome.WAIT


def test_a_claim_may_bring_its_own_time(case: Case) -> None:
    """Edge case 34."""
    scheduled(case, HOUR)
    case.accepts(propose(Pending(state_details=StateDetails(scheduled_time=NOON))))
    case.accepts(propose(Running(), id="next"))


@pytest.mark.parametrize("state", [Scheduled(), ProposedState(type=StateType.SCHEDULED)], ids=str)
def test_a_scheduled_state_without_a_time_is_due_at_once(case: Case, state: ProposedState) -> None:
    case.given(a_flow_run())
    case.accepts(propose(state))
    assert case.state.state_details.scheduled_time == NOON
    assert case.flow_run.progress.booked.next_scheduled_start_time == NOON


def test_a_run_that_runs_does_not_wait(case: Case) -> None:
    scheduled(case, HOUR, StateType.RUNNING)
    case.accepts(propose(Running()))
