"""A running run pauses at each of its pauses once, and suspends only if it can be started again."""

from typing import Any

import pytest

from events.changes import InputsDeleted, PolicyAmended
from events.decisions import Outcome
from events.entities import Bookkeeping
from events.identity import derived_id
from events.policies import FlowRunPolicy, PolicyAmendment
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import Paused, Suspended
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    MINUTE,
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RUN,
    a_flow_run,
    a_state,
    force,
    propose,
)

RULE = "HandlePausingFlows"
RUNNING = a_state(StateType.RUNNING)
STARTED = Bookkeeping(run_count=1, expected_start_time=NOON - HOUR, start_time=NOON - HOUR)
BOTH = pytest.mark.parametrize(
    ("pause", "verb"), [(Paused, "pause"), (Suspended, "suspend")], ids=["pause", "suspend"]
)


@BOTH
def test_a_running_run_pauses_and_remembers_the_key(case: Case, pause: Any, verb: str) -> None:
    case.given(a_flow_run(RUNNING, STARTED, FlowRunPolicy(pause_keys=frozenset({"1"}))))
    proposed: ProposedState = pause(pause_key="2", pause_expiration_time=NOON + HOUR)
    case.when(propose(proposed))
    case.then(
        case.entered(
            StateType.PAUSED,
            proposed.name,
            booked=Bookkeeping(
                run_count=1,
                expected_start_time=NOON - HOUR,
                start_time=NOON - HOUR,
                total_run_time=60.0,
            ),
            details=StateDetails(
                pause_timeout=NOON + HOUR, pause_key="2", pause_reschedule=verb == "suspend"
            ),
        ),
        PolicyAmended(policy=PolicyAmendment(pause_keys=frozenset({"1", "2"}))),
    )


@BOTH
def test_a_pause_fires_once(case: Case, pause: Any, verb: str) -> None:
    """Footnote 8, and edge cases 15 and 67: the reply shows that the run is running."""
    case.given(a_flow_run(RUNNING, STARTED, FlowRunPolicy(pause_keys=frozenset({"1"}))))
    case.when(propose(pause(pause_key="1")))
    case.then(outcome=Outcome.REJECT, rule=RULE, reason=f"This {verb} has already fired.")
    assert case.state == RUNNING


@BOTH
@pytest.mark.parametrize("type", [StateType.SCHEDULED, StateType.PENDING, StateType.PAUSED])
def test_only_a_running_run_pauses(case: Case, pause: Any, verb: str, type: StateType) -> None:
    case.given(a_flow_run(a_state(type)))
    case.when(propose(pause()))
    case.then(
        outcome=Outcome.REJECT,
        rule=RULE,
        reason=f"Cannot {verb} flows that are not currently running.",
    )


@BOTH
def test_a_pause_is_no_first_state(case: Case, pause: Any, verb: str) -> None:
    case.given(a_flow_run())
    case.when(propose(pause()))
    case.then(outcome=Outcome.ABORT, rule=RULE, reason=f"Cannot {verb} flows with no state.")


@pytest.mark.parametrize(
    ("state", "verb"),
    [(Suspended(), "suspend"), (Paused(reschedule=True), "pause")],
    ids=["suspend", "pause"],
)
def test_a_subflow_does_not_leave_its_process(case: Case, state: ProposedState, verb: str) -> None:
    """Footnote 8 and edge case 52."""
    case.given(
        a_flow_run(RUNNING, parent_task_run_id=PARENT_TASK_RUN, parent_flow_run_id=PARENT_RUN)
    )
    case.when(propose(state))
    case.then(outcome=Outcome.ABORT, rule=RULE, reason=f"Cannot {verb} subflows.")


def test_a_subflow_pauses_in_its_process(case: Case) -> None:
    """Edge case 52."""
    case.given(
        a_flow_run(RUNNING, parent_task_run_id=PARENT_TASK_RUN, parent_flow_run_id=PARENT_RUN)
    )
    case.asked(propose(Paused()))
    assert case.state.type is StateType.PAUSED


@pytest.mark.parametrize(
    ("state", "verb"),
    [(Suspended(), "suspend"), (Paused(reschedule=True), "pause")],
    ids=["suspend", "pause"],
)
def test_a_run_without_deployment_does_not_leave_its_process(
    case: Case, state: ProposedState, verb: str
) -> None:
    """Footnote 8."""
    case.given(a_flow_run(RUNNING, deployment_id=None))
    case.when(propose(state))
    case.then(outcome=Outcome.ABORT, rule=RULE, reason=f"Cannot {verb} flows without a deployment.")


def test_that_a_pause_has_fired_is_said_first(case: Case) -> None:
    policy = FlowRunPolicy(pause_keys=frozenset({"1"}))
    case.given(a_flow_run(RUNNING, STARTED, policy, deployment_id=None))
    case.asked(propose(Suspended(pause_key="1")))
    assert case.state == RUNNING


def test_a_pause_without_a_key_gets_one_of_its_own(case: Case) -> None:
    """Edge case 17: the policy remembers it and the state does not."""
    case.given(a_flow_run(RUNNING))
    case.asked(propose(Paused()))
    key = str(derived_id(NOON, f"flow_run:{RUN}", "a proposal", "pause"))
    assert case.policy.pause_keys == {key}
    assert case.state.state_details.pause_key is None


def test_an_empty_key_is_a_key(case: Case) -> None:
    case.given(a_flow_run(RUNNING))
    case.asked(propose(Paused(pause_key="")))
    assert (case.policy.pause_keys, case.state.state_details.pause_key) == ({""}, "")


def test_pausing_forgets_the_inputs_of_an_earlier_pause_of_its_name(case: Case) -> None:
    """Edge case 16."""
    keyset = {
        "schema": "paused-1-schema",
        "response": "paused-1-response",
        "twin": "paused-1-schema",
    }
    case.given(a_flow_run(RUNNING, STARTED))
    details = StateDetails(run_input_keyset=keyset)
    decision = case.decided(propose(Paused(pause_key="1", state_details=details)))
    assert decision.changes[1:] == (
        InputsDeleted(keys=["paused-1-response", "paused-1-schema"]),
        PolicyAmended(policy=PolicyAmendment(pause_keys=frozenset({"1"}))),
    )


def test_a_refused_pause_forgets_nothing(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING)))
    details = StateDetails(run_input_keyset={"schema": "paused-1-schema"})
    assert case.decided(propose(Paused(state_details=details))).changes == ()


def test_a_forced_pause_remembers_no_key(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING)))
    case.accepts(force(Paused(pause_key="1")), at=NOON + MINUTE)
    assert case.policy == FlowRunPolicy()


def test_a_policy_without_any_keys_gets_its_first(case: Case) -> None:
    case.given(a_flow_run(RUNNING, STARTED, FlowRunPolicy(pause_keys=None)))
    case.accepts(propose(Paused(pause_key="1")))
    assert case.policy.pause_keys == {"1"}
