"""A run of a deployment with a limit is claimed with a slot, and gives it back when it leaves."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from events.decisions import Decision, Outcome
from events.entities import Bookkeeping
from events.policies import FlowRunPolicy
from events.proposals import AmendLimit, CreateLimit, DeleteFlowRun, FireTimer
from events.resources.deployments import ConcurrencyOptions
from events.slots import ConcurrencyLease, Found, Holder, lease_key
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import (
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Failed,
    Paused,
    Pending,
    Running,
    Scheduled,
    Submitting,
)
from tests.support.case import Case
from tests.support.examples import (
    LEASE,
    MINUTE,
    NOON,
    RUN,
    SECOND,
    STATE,
    a_flow_run,
    a_state,
    force,
    propose,
)

LIMIT = UUID(int=0xD8)
CANCEL_NEW = ConcurrencyOptions(collision_strategy="CANCEL_NEW")
NEW = {"client_version": "3.9.1"}
LEASED = StateDetails(deployment_concurrency_lease_id=LEASE)


def limited(case: Case, most: int = 1, options: ConcurrencyOptions | None = None) -> None:
    """The run's deployment has a limit."""
    case.control.decided(CreateLimit(id="limit", name="db", limit=most, limit_id=LIMIT))
    case.control.deploy(global_concurrency_limit_id=LIMIT, concurrency_options=options)


def fill(case: Case, slots: int = 1) -> None:
    case.control.decided(AmendLimit(id="fill", limit_id=LIMIT, active_slots=slots))


def used(case: Case) -> int:
    return sum(case.control.leases(LIMIT).values())


def ask(case: Case, state: ProposedState, at: datetime = NOON, **fields: Any) -> Decision:
    """The decision on a proposal, and what follows in the control partition."""
    given = {"id": f"{state.type} {at} {case.position}", **NEW, **fields}
    decision = case.decided(propose(state, **given), at)
    for each in decision.follow_ups:
        case.control.decided(each, at)
    return decision


def claimed(case: Case, options: ConcurrencyOptions | None = None) -> UUID:
    """A scheduled run of a deployment with a limit of one is claimed; its lease."""
    limited(case, options=options)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    ask(case, Pending())
    return lease_of(case)


def lease_of(case: Case) -> UUID:
    lease = case.state.state_details.deployment_concurrency_lease_id
    assert lease is not None
    return lease


def test_a_claim_takes_a_slot_for_as_long_as_starting_may_take(case: Case) -> None:
    lease = claimed(case)
    assert case.control.leases(LIMIT) == {lease: 1}
    (taken,) = case.control.decisions[1:]
    assert taken.facts.slots is not None
    assert taken.facts.slots.found is Found.GRANTED
    held = case.control.known[lease_key(lease)]
    assert isinstance(held, ConcurrencyLease)
    assert held.lease.expires == NOON + 5 * MINUTE
    assert held.lease.holder == Holder(type="flow_run", id=RUN)


def test_a_decision_tells_what_it_was_told_of_slots(case: Case) -> None:
    limited(case)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    facts = ask(case, Pending()).facts
    assert facts.slots is not None
    assert (facts.client_version, facts.slots.limits[0].name) == ("3.9.1", "db")


def test_a_deployment_may_grant_more_time_to_start(case: Case) -> None:
    options = ConcurrencyOptions(collision_strategy="ENQUEUE", grace_period_seconds=60)
    lease = claimed(case, options)
    ask(case, Running(), NOON + SECOND)
    (renewed,) = case.control.decisions[2:]
    assert getattr(renewed.changes[0], "expires", None) == NOON + MINUTE + SECOND
    assert lease_of(case) == lease


def test_a_run_without_a_slot_waits(case: Case) -> None:
    """Edge case 42: it is asked for again half a minute later."""
    limited(case)
    fill(case)
    case.given(a_flow_run(a_state(StateType.SCHEDULED), Bookkeeping(expected_start_time=NOON)))
    decision = ask(case, Pending())
    assert (decision.outcome, decision.rule) == (Outcome.REJECT, "SecureFlowConcurrencySlots")
    assert decision.reason == "Deployment concurrency limit reached."
    assert (case.state.type, case.state.name) == (StateType.SCHEDULED, "AwaitingConcurrencySlot")
    due = NOON + timedelta(seconds=30)
    assert case.flow_run.progress.booked.next_scheduled_start_time == due
    assert case.flow_run.progress.booked.expected_start_time == NOON


def test_a_run_without_a_slot_is_cancelled_where_that_is_wanted(case: Case) -> None:
    limited(case, options=CANCEL_NEW)
    fill(case)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    decision = ask(case, Pending())
    assert decision.outcome is Outcome.REJECT
    assert (case.state.type, case.state.message) == (StateType.CANCELLED, decision.reason)


def test_a_limit_of_none_is_never_granted(case: Case) -> None:
    """Edge case 41."""
    limited(case, most=0)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    decision = ask(case, Pending())
    assert decision.outcome is Outcome.ABORT
    assert decision.reason == (
        "The deployment concurrency limit is 0. The flow will deadlock if submitted again."
    )


def test_an_inactive_limit_lets_every_run_through_and_finish(case: Case) -> None:
    """Edge case 41: switched off, it stops nobody."""
    limited(case, most=0)
    case.control.decided(AmendLimit(id="off", limit_id=LIMIT, active=False))
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    for state in (Pending(), Running(), Completed()):
        assert ask(case, state).outcome is Outcome.ACCEPT
    assert used(case) == 0


def test_a_limit_switched_off_meanwhile_gets_its_slots_back(case: Case) -> None:
    """Edge case 41."""
    claimed(case)
    case.control.decided(AmendLimit(id="off", limit_id=LIMIT, active=False))
    ask(case, Running())
    assert used(case) == 1
    ask(case, Completed())
    assert used(case) == 0


def test_a_run_whose_deployment_is_gone_is_not_claimed(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.SCHEDULED), deployment_id=STATE))
    decision = ask(case, Pending())
    assert (decision.outcome, decision.reason) == (Outcome.ABORT, "Deployment not found.")


def test_a_limit_that_is_gone_limits_nothing(case: Case) -> None:
    case.control.deploy(global_concurrency_limit_id=LIMIT)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    assert ask(case, Pending()).outcome is Outcome.ACCEPT
    assert ask(case, Running()).outcome is Outcome.ACCEPT


def test_clients_that_manage_slots_themselves_are_left_to_it(case: Case) -> None:
    limited(case)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    ask(case, Pending(), client_version="3.0.2")
    assert used(case) == 0


def test_a_refused_claim_gives_its_slot_back(case: Case) -> None:
    """Edge case 7: with a free slot, a paused run is not claimed."""
    limited(case)
    case.given(a_flow_run(a_state(StateType.PAUSED)))
    decision = ask(case, Pending())
    assert (decision.outcome, decision.rule) == (Outcome.REJECT, "HandleResumingPausedFlows")
    assert (case.state.type, used(case)) == (StateType.PAUSED, 0)


def test_a_paused_run_leaves_its_pause_for_a_limit_that_is_full(case: Case) -> None:
    """Edge case 7."""
    limited(case)
    fill(case)
    case.given(a_flow_run(a_state(StateType.PAUSED)))
    ask(case, Pending())
    assert case.state.name == "AwaitingConcurrencySlot"


def test_a_refused_restart_leaves_the_policy_as_it_was(case: Case) -> None:
    limited(case)
    fill(case)
    policy = FlowRunPolicy(pause_keys=frozenset({"k"}), resuming=True)
    case.given(a_flow_run(a_state(StateType.FAILED), policy=policy))
    ask(case, Pending())
    assert case.policy == policy


@pytest.mark.parametrize(
    "state",
    [Completed(), Failed(), Cancelled(), Paused(pause_key="k"), AwaitingRetry(NOON), Scheduled()],
    ids=lambda state: state.name or state.type,
)
@pytest.mark.parametrize("proposal", [propose, force])
def test_leaving_gives_the_slot_back(case: Case, state: ProposedState, proposal: Any) -> None:
    """Edge case 40: a pause gives it back as well, and resuming takes none."""
    claimed(case)
    ask(case, Running())
    assert used(case) == 1
    left = case.decided(proposal(state, id="left"))
    for each in left.follow_ups:
        case.control.decided(each)
    assert used(case) == 0


def test_a_resumed_run_goes_on_without_a_slot(case: Case) -> None:
    """Edge case 40."""
    claimed(case)
    for state in (Running(), Paused(pause_key="k"), Running()):
        ask(case, state)
    assert used(case) == 0


def test_a_retry_in_its_process_keeps_the_slot(case: Case) -> None:
    lease = claimed(case)
    ask(case, Running())
    retries = FlowRunPolicy(retries=1)
    other = Case()
    other.control = case.control
    details = StateDetails(deployment_concurrency_lease_id=lease)
    state = a_state(StateType.RUNNING, details=details)
    other.given(a_flow_run(state, Bookkeeping(run_count=1), retries))
    assert ask(other, Failed()).reason == "Retrying"
    assert (lease_of(other), used(other)) == (lease, 1)
    assert ask(other, Running(), NOON + SECOND).outcome is Outcome.ACCEPT
    ask(other, Failed(), NOON + MINUTE)
    assert used(other) == 0


def test_a_claim_by_force_takes_no_slot(case: Case) -> None:
    """Edge case 39."""
    limited(case)
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    assert ask(case, Pending(), force=True).outcome is Outcome.ACCEPT
    assert used(case) == 0


@pytest.mark.parametrize("first", [StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
def test_a_run_that_took_no_slot_gives_none(case: Case, first: StateType) -> None:
    """Edge case 39: made in this state, forced, or past PENDING, it holds nothing."""
    limited(case)
    fill(case)
    case.given(a_flow_run(a_state(first)))
    decision = case.decided(force(Completed(), **NEW))
    assert decision.follow_ups == ()


@pytest.mark.parametrize("state", [Submitting(), Running(), Cancelling()], ids=str)
def test_going_on_keeps_the_slot(case: Case, state: ProposedState) -> None:
    lease = claimed(case)
    ask(case, state)
    assert case.control.leases(LIMIT) == {lease: 1}


def test_a_lost_lease_is_taken_anew_when_there_is_room(case: Case) -> None:
    """Edge case 43."""
    limited(case)
    case.given(a_flow_run(a_state(StateType.PENDING, details=LEASED)))
    assert ask(case, Running()).outcome is Outcome.ACCEPT
    assert lease_of(case) != LEASE
    assert case.control.leases(LIMIT) == {lease_of(case): 1}


@pytest.mark.parametrize("most", [0, 1])
def test_a_lost_lease_cancels_the_run_when_there_is_none(case: Case, most: int) -> None:
    """Edge case 43, and footnote 6 of the matrix."""
    limited(case, most=most)
    fill(case)
    case.given(a_flow_run(a_state(StateType.PENDING, details=LEASED)))
    decision = ask(case, Running())
    assert (decision.outcome, decision.rule) == (
        Outcome.REJECT,
        "ValidateDeploymentConcurrencyAtRunning",
    )
    assert decision.reason == "Deployment concurrency limit reached after lease expiry."
    assert case.state.type is StateType.CANCELLED
    assert case.state.message == (
        "Deployment concurrency slot lost during provisioning - no slots available to continue"
        " execution"
    )


def test_a_run_that_is_too_early_gives_back_what_it_took_anew(case: Case) -> None:
    limited(case)
    details = StateDetails(deployment_concurrency_lease_id=LEASE, scheduled_time=NOON + 5 * MINUTE)
    case.given(a_flow_run(a_state(StateType.PENDING, details=details)))
    assert ask(case, Running()).outcome is Outcome.WAIT
    assert used(case) == 0


def test_without_a_limit_the_lease_is_not_looked_after(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING, details=LEASED)))
    assert ask(case, Running()).outcome is Outcome.ACCEPT
    case.given(a_flow_run(a_state(StateType.PENDING, details=LEASED), deployment_id=STATE))
    assert ask(case, Running()).outcome is Outcome.ACCEPT
    assert (lease_of(case), case.control.decisions) == (LEASE, [])


@pytest.mark.parametrize("version", [None, "3.4.10", "3.4.11rc1", "3.4.11.dev3", "2.0", "?"])
@pytest.mark.parametrize("state", [Running(), Cancelling()], ids=str)
def test_a_client_that_cannot_renew_keeps_its_slot_until_the_end(
    case: Case, version: str | None, state: ProposedState
) -> None:
    """Edge case 43: its lease does not expire."""
    lease = claimed(case)
    ask(case, state, client_version=version)
    assert lease_of(case) == lease
    assert getattr(case.control.decisions[-1].changes[0], "expires", NOON) is None
    ask(case, Cancelled(), client_version=version)
    assert used(case) == 0


def test_a_client_that_cannot_renew_may_have_nothing_to_keep(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING)))
    assert ask(case, Running(), client_version=None).follow_ups == ()


def test_a_deleted_run_gives_its_slot_back(case: Case) -> None:
    claimed(case)
    decision = case.decided(DeleteFlowRun(id="delete", flow_run_id=RUN))
    for each in decision.follow_ups:
        case.control.decided(each)
    assert used(case) == 0


def test_a_deleted_run_that_waits_to_retry_gives_its_slot_back(case: Case) -> None:
    state = a_state(StateType.SCHEDULED, "AwaitingRetry", details=LEASED)
    case.given(a_flow_run(state))
    (ending,) = case.decided(DeleteFlowRun(id="delete", flow_run_id=RUN)).follow_ups
    assert getattr(ending, "lease_id", None) == LEASE


@pytest.mark.parametrize("state", [None, a_state(StateType.COMPLETED, details=LEASED)])
def test_a_deleted_run_that_holds_nothing_gives_nothing(case: Case, state: Any) -> None:
    """Edge case 38: an ended run shows a lease that it does not hold."""
    case.given(a_flow_run(state))
    assert case.decided(DeleteFlowRun(id="delete", flow_run_id=RUN)).follow_ups == ()


def late(case: Case) -> Decision:
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    return case.decided(FireTimer(id="late", flow_run_id=RUN, timer="late", state_id=case.state.id))


def test_a_late_run_that_found_no_slot_is_cancelled_where_that_is_wanted(case: Case) -> None:
    limited(case, options=CANCEL_NEW)
    fill(case)
    decision = late(case)
    assert decision.rule == "EnforceDeploymentConcurrencyOnLate"
    assert decision.reason == (
        "Deployment concurrency limit is full and uses the CANCEL_NEW strategy."
    )
    assert case.state.type is StateType.CANCELLED


@pytest.mark.parametrize(
    ("options", "slots", "is_there"),
    [(None, 1, True), (CANCEL_NEW, 0, True), (CANCEL_NEW, 1, False)],
)
def test_other_late_runs_wait(
    case: Case, options: ConcurrencyOptions | None, slots: int, is_there: bool
) -> None:
    if is_there:
        limited(case, options=options)
        fill(case, slots)
    else:
        case.control.deploy(global_concurrency_limit_id=LIMIT, concurrency_options=options)
    late(case)
    assert case.state.name == "Late"


def test_a_late_run_without_a_limit_waits(case: Case) -> None:
    late(case)
    assert case.state.name == "Late"
