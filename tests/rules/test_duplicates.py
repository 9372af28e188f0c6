"""A transition that was made is not made twice: its id is in the state that it led to."""

from uuid import UUID

from events.decisions import Outcome
from events.states import StateDetails, StateType
from events.states.constructors import Cancelling, Completed, Running
from tests.support.case import Case
from tests.support.examples import (
    a_flow_run,
    a_state,
    a_task_run,
    force,
    propose,
    propose_task,
)

ONE = StateDetails(transition_id=UUID(int=1))
TWO = StateDetails(transition_id=UUID(int=2))


def test_the_same_transition_is_refused(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING, details=ONE)))
    case.when(propose(Completed(state_details=ONE)))
    case.then(
        outcome=Outcome.REJECT,
        rule="PreventDuplicateTransitions",
        reason="This run has already made this state transition.",
    )


def test_another_transition_is_not(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING, details=ONE)))
    case.accepts(propose(Completed(state_details=TWO)))


def test_states_without_transition_ids_are_never_the_same(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    case.accepts(propose(Running()))


def test_only_the_current_state_is_looked_at(case: Case) -> None:
    """Edge case 55."""
    case.given(a_flow_run(a_state(StateType.PENDING, details=ONE)))
    case.accepts(propose(Running(state_details=TWO)))
    case.accepts(propose(Completed(state_details=ONE), id="later"))


def test_force_repeats_a_transition(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING, details=ONE)))
    case.accepts(force(Running(state_details=ONE)))


def test_being_the_same_is_said_before_anything_else(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.CANCELLING, details=ONE)))
    decision = case.decided(propose(Cancelling(state_details=ONE)))
    assert decision.rule == "PreventDuplicateTransitions"


def test_a_task_run_may_make_the_same_transition_again(case: Case) -> None:
    """Edge case 55: this is a rule about flow runs alone."""
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    case.given(a_task_run(a_state(StateType.RUNNING, details=ONE)))
    case.accepts(propose_task(Running(state_details=ONE)))
