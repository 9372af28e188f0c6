"""A paused run resumes in time, ends or is cancelled; anything else is refused."""

import pytest

from events.changes import PolicyAmended
from events.decisions import Outcome
from events.entities import Bookkeeping
from events.policies import FlowRunPolicy, PolicyAmendment
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import (
    Cancelled,
    Completed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
)
from tests.support.case import Case
from tests.support.examples import HOUR, NOON, SECOND, a_flow_run, a_state, force, propose

RULE = "HandleResumingPausedFlows"
STARTED = Bookkeeping(run_count=1, expected_start_time=NOON - HOUR, start_time=NOON - HOUR)
ONE_KEY = FlowRunPolicy(pause_keys=frozenset({"1"}), retry_type="in_process")
PAUSED = a_state(StateType.PAUSED)
SUSPENDED = a_state(StateType.PAUSED, "Suspended", details=StateDetails(pause_reschedule=True))
OVERDUE = a_state(StateType.PAUSED, details=StateDetails(pause_timeout=NOON - SECOND))
RESUMING = Scheduled(NOON, name="Resuming")


def test_a_paused_run_that_is_refused_still_counts_as_resuming(case: Case) -> None:
    """Edge case 6: what it runs next is no new attempt."""
    case.given(a_flow_run(PAUSED, STARTED, ONE_KEY))
    case.when(propose(Pending()))
    case.then(
        PolicyAmended(policy=PolicyAmendment(resuming=True)),
        outcome=Outcome.REJECT,
        rule=RULE,
        reason="This run cannot transition to the StateType.PENDING state from the"
        " StateType.PAUSED state.",
    )
    case.accepts(propose(Running(), id="next"))
    assert case.flow_run.progress.booked.run_count == 1


def test_a_blocking_pause_counts_the_first_time_it_is_resumed(case: Case) -> None:
    """Edge cases 10 and 11: the mark is set too late for the first, and is there at the second."""
    case.given(a_flow_run(a_state(StateType.RUNNING), STARTED))
    counts: list[int] = []
    for key in ("1", "2", "3"):
        case.accepts(propose(Paused(pause_key=key), id=f"pause {key}"))
        case.accepts(propose(Running(), id=f"resume {key}"))
        counts.append(case.flow_run.progress.booked.run_count)
    assert counts == [2, 2, 2]
    assert case.policy.resuming is True


def test_a_suspension_goes_on_as_the_same_attempt(case: Case) -> None:
    """Edge cases 10, 15 and 67: and its pauses are still known."""
    case.given(a_flow_run(SUSPENDED, STARTED, ONE_KEY))
    case.accepts(propose(RESUMING, id="resume"))
    assert case.policy.resuming is True
    case.accepts(propose(Pending(), id="claim"))
    case.accepts(propose(Running(), id="run"))
    assert case.flow_run.progress.booked.run_count == 1
    assert case.policy == ONE_KEY


def test_a_blocking_pause_that_is_scheduled_anew_starts_over(case: Case) -> None:
    """Edge case 15."""
    case.given(a_flow_run(PAUSED, STARTED, ONE_KEY))
    case.accepts(propose(RESUMING))
    assert case.policy == FlowRunPolicy(retry_type="reschedule")


def test_for_an_older_proposer_a_blocking_pause_only_resumes(case: Case) -> None:
    case.given(a_flow_run(PAUSED, STARTED, ONE_KEY))
    case.accepts(propose(RESUMING, api_version="0.8.3"))
    assert (case.policy.resuming, case.policy.pause_keys) == (True, {"1"})


def test_an_older_proposer_counts_every_attempt(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.SCHEDULED), STARTED, FlowRunPolicy(resuming=True)))
    case.accepts(propose(Running(), api_version="0.8.3"))
    assert case.flow_run.progress.booked.run_count == 2
    assert case.policy.resuming is True


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (Running(), "running"),
        (RESUMING, "resuming"),
        (Failed(), "failed"),
        (Completed(name="Done"), "done"),
        (Cancelled(name=""), "cancelled"),
    ],
    ids=str,
)
def test_past_its_deadline_a_pause_fails_whatever_is_proposed(
    case: Case, state: ProposedState, shown: str
) -> None:
    """Footnote 11, and edge cases 4, 11, 12 and 13: a failure of the server's own, not retried."""
    policy = FlowRunPolicy(retries=3, pause_keys=frozenset({"1"}))
    case.given(a_flow_run(OVERDUE, STARTED, policy))
    case.when(propose(state))
    case.then(
        case.entered(
            StateType.FAILED,
            booked=Bookkeeping(
                run_count=1,
                expected_start_time=NOON - HOUR,
                start_time=NOON - HOUR,
                end_time=NOON,
            ),
            message=f"The flow was {shown} and never resumed.",
        ),
        PolicyAmended(policy=PolicyAmendment(resuming=True)),
        outcome=Outcome.REJECT,
        rule=RULE,
        reason="The flow run pause has timed out and can no longer resume.",
    )


def test_at_its_deadline_a_pause_still_resumes(case: Case) -> None:
    at_noon = StateDetails(pause_timeout=NOON)
    case.given(a_flow_run(a_state(StateType.PAUSED, details=at_noon)))
    case.accepts(propose(Running()))


def test_force_resumes_past_the_deadline(case: Case) -> None:
    """Edge case 14: and its pauses are still known."""
    case.given(a_flow_run(OVERDUE, STARTED, ONE_KEY))
    case.accepts(force(Running()))
    assert case.policy == ONE_KEY


@pytest.mark.parametrize("state", [Running(), RESUMING, Failed()], ids=str)
def test_a_suspended_run_without_deployment_stays_suspended(
    case: Case, state: ProposedState
) -> None:
    """Footnote 11."""
    case.given(a_flow_run(SUSPENDED, STARTED, deployment_id=None))
    case.when(propose(state))
    assert state.name is not None
    case.then(
        PolicyAmended(policy=PolicyAmendment(resuming=True)),
        outcome=Outcome.REJECT,
        rule=RULE,
        reason=f"Cannot reschedule a {state.name.lower()} flow run without a deployment.",
    )


def test_ending_after_a_pause_leaves_the_mark_of_resuming(case: Case) -> None:
    """Edge case 11: it is cleared before the rules are told, and set again."""
    case.given(a_flow_run(PAUSED, STARTED, FlowRunPolicy(resuming=True)))
    case.accepts(propose(Completed()))
    assert case.policy.resuming is True
    case.accepts(propose(Failed(), id="next"))
    assert case.policy.resuming is False


@pytest.mark.parametrize("text", ["0.8.4", "0.9", "1.0.0", "newest", "", None])
def test_who_names_no_older_api_has_the_newest(case: Case, text: str | None) -> None:
    case.given(a_flow_run(PAUSED, STARTED, ONE_KEY))
    case.asked(propose(RESUMING, api_version=text, client_version="3.9.1"))
    assert case.policy.retry_type == "reschedule"
