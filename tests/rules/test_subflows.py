"""A subflow takes the task run that stands for it along, from state to state."""

from msgspec import structs

from events.decisions import Decision, Outcome
from events.entities import Bookkeeping
from events.identity import derived_id
from events.proposals import ProposeTaskRunState
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import Cancelling, Completed, Pending, Running
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RUN,
    TASK_RUN,
    a_flow_run,
    a_state,
    a_task_run,
    propose,
    propose_task,
)


def a_subflow_run(type: StateType) -> Decision:
    return a_flow_run(
        a_state(type), parent_task_run_id=PARENT_TASK_RUN, parent_flow_run_id=PARENT_RUN
    )


def test_a_state_of_a_subflow_is_proposed_to_its_task_run(case: Case) -> None:
    """Edge case 52: the same state, by force, with a note of whose it is."""
    case.given(a_subflow_run(StateType.RUNNING))
    case.when(propose(Completed(message="done", data={"x": 1}), by="an engine"))
    details = StateDetails(task_run_id=PARENT_TASK_RUN)
    entered = case.entered(
        StateType.COMPLETED,
        booked=Bookkeeping(
            expected_start_time=NOON, start_time=NOON, end_time=NOON, total_run_time=60.0
        ),
        message="done",
        data={"x": 1},
        details=details,
    )
    follow_up = ProposeTaskRunState(
        id=str(derived_id(NOON, f"flow_run:{RUN}", "a proposal", "parent")),
        at=NOON,
        by="an engine",
        task_run_id=PARENT_TASK_RUN,
        flow_run_id=PARENT_RUN,
        state=ProposedState(
            type=StateType.COMPLETED,
            name="Completed",
            message="done",
            data={"x": 1},
            state_details=structs.replace(details, flow_run_id=RUN, child_flow_run_id=RUN),
        ),
        force=True,
    )
    case.then(entered, follow_ups=(follow_up,))


def test_the_state_that_replaces_the_proposed_one_is_taken_along(case: Case) -> None:
    case.given(a_subflow_run(StateType.SCHEDULED))
    decision = case.decided(propose(Cancelling()))
    (follow_up,) = decision.follow_ups
    assert isinstance(follow_up, ProposeTaskRunState)
    assert follow_up.state.type is StateType.CANCELLED


def test_a_refusal_is_not(case: Case) -> None:
    case.given(a_subflow_run(StateType.RUNNING))
    decision = case.decided(propose(Pending()))
    assert (decision.outcome, decision.follow_ups) == (Outcome.ABORT, ())


def test_the_task_run_keeps_its_own_books_of_the_copied_states(case: Case) -> None:
    """Edge case 52: with an id and a run count of its own."""
    case.given(a_task_run(a_state(StateType.PENDING), Bookkeeping(expected_start_time=NOON - HOUR)))
    copied = Running(state_details=StateDetails(child_flow_run_id=RUN, flow_run_id=PARENT_RUN))
    case.when(propose_task(copied, force=True))
    case.then(
        case.entered(
            StateType.RUNNING,
            booked=Bookkeeping(run_count=1, expected_start_time=NOON - HOUR, start_time=NOON),
            details=StateDetails(child_flow_run_id=RUN),
            task=True,
        )
    )
    assert case.task_run.attributes.id == TASK_RUN
