"""A run that has ended starts again only in ways that lose no result."""

from typing import Any

import pytest

from events.changes import PolicyAmended
from events.decisions import Outcome
from events.entities import Bookkeeping
from events.policies import FlowRunPolicy, PolicyAmendment
from events.states import ProposedState, StateType
from events.states.constructors import (
    Cancelled,
    Cancelling,
    Completed,
    Failed,
    Pending,
    Running,
    Scheduled,
)
from services.rules import echoed
from tests.support.case import Case
from tests.support.examples import (
    HOUR,
    MINUTE,
    NOON,
    RESULT,
    UNPERSISTED,
    a_flow_run,
    a_state,
    a_task_run,
    force,
    propose,
    propose_task,
)

ENDED = Bookkeeping(
    run_count=2,
    expected_start_time=NOON - HOUR,
    start_time=NOON - HOUR,
    end_time=NOON - MINUTE,
    total_run_time=30.0,
)
PAUSED_ONCE = FlowRunPolicy(
    retries=3, retry_delay=7, pause_keys=frozenset({"1"}), resuming=True, retry_type="in_process"
)
KEEPS_RESULT = (
    "Cannot overwrite a COMPLETED state that carries persisted result data with one that does not."
)


def test_a_new_start_forgets_pauses_and_keeps_the_promised_retries(case: Case) -> None:
    """Edge case 26: the run count of a flow is not reset, either."""
    case.given(a_flow_run(a_state(StateType.FAILED), ENDED, PAUSED_ONCE))
    case.when(propose(Running()))
    case.then(
        case.entered(
            StateType.RUNNING,
            booked=Bookkeeping(
                run_count=3,
                expected_start_time=NOON - HOUR,
                start_time=NOON - HOUR,
                total_run_time=30.0,
            ),
        ),
        PolicyAmended(
            policy=PolicyAmendment(pause_keys=frozenset(), resuming=False, retry_type=None)
        ),
    )
    assert case.flow_run.progress.policy == FlowRunPolicy(retries=3, retry_delay=7)


def test_an_older_proposer_starts_again_with_the_policy_as_it_was(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.FAILED), ENDED, PAUSED_ONCE))
    case.asked(propose(Pending(), api_version="0.8.3"))
    assert case.flow_run.progress.policy == PAUSED_ONCE


def test_a_refused_start_leaves_the_policy_as_it_was(case: Case) -> None:
    """Edge case 5: what an earlier rule amended is undone when a later one refuses."""
    case.given(a_flow_run(a_state(StateType.CANCELLED), ENDED, PAUSED_ONCE))
    case.when(propose(Pending()))
    case.then(
        outcome=Outcome.ABORT,
        rule="PreventPendingTransitions",
        reason="This run is in a CANCELLED state and cannot transition to a PENDING state.",
    )


def test_without_a_deployment_an_ended_run_is_not_rescheduled(case: Case) -> None:
    """Footnote 9, and edge case 27: it may run again all the same."""
    case.given(a_flow_run(a_state(StateType.FAILED), ENDED, deployment_id=None))
    case.when(propose(Scheduled(NOON)))
    case.then(
        outcome=Outcome.ABORT,
        rule="HandleFlowTerminalStateTransitions",
        reason="Cannot reschedule a run without an associated deployment.",
    )
    case.accepts(propose(Running(), id="another"))


def test_without_a_deployment_a_run_that_goes_on_may_be_rescheduled(case: Case) -> None:
    """Edge case 27."""
    case.given(a_flow_run(a_state(StateType.RUNNING), deployment_id=None))
    case.accepts(propose(Scheduled(NOON)))


@pytest.mark.parametrize("proposal", [propose, force])
def test_a_stored_result_is_not_replaced_by_none(case: Case, proposal: Any) -> None:
    """Footnote 10 and edge case 22: not even by force."""
    case.given(a_flow_run(a_state(StateType.COMPLETED, data=RESULT), ENDED))
    case.when(proposal(Completed()))
    rule = "HandleFlowTerminalStateTransitions" if proposal is propose else "PreventResultDataLoss"
    case.then(outcome=Outcome.REJECT, rule=rule, reason=KEEPS_RESULT)


def test_an_empty_mapping_passes_for_a_result_on_its_way_in(case: Case) -> None:
    """And for none once it is stored: observed, and kept."""
    case.given(a_flow_run(a_state(StateType.COMPLETED, data=RESULT), ENDED))
    case.accepts(propose(Completed(data={}), id="empty"))
    case.accepts(propose(Completed(), id="none"))


@pytest.mark.parametrize("data", [5, "text", [1], True, None, UNPERSISTED], ids=str)
def test_what_is_no_mapping_or_marked_is_no_result(case: Case, data: object) -> None:
    """Edge case 23."""
    case.given(a_flow_run(a_state(StateType.COMPLETED, data=RESULT), ENDED))
    case.when(propose(Completed(data=data)))
    case.then(
        outcome=Outcome.REJECT, rule="HandleFlowTerminalStateTransitions", reason=KEEPS_RESULT
    )


@pytest.mark.parametrize("data", [5, "text", [1], None, {}, {**UNPERSISTED, "more": 1}])
def test_only_a_mapping_that_is_not_marked_is_a_stored_result(case: Case, data: object) -> None:
    """Edge case 23."""
    case.given(a_flow_run(a_state(StateType.COMPLETED, data=data), ENDED))
    case.accepts(propose(Running()))


@pytest.mark.parametrize("state", [Failed(), Cancelled()], ids=["failed", "cancelled"])
def test_a_run_with_a_stored_result_may_be_said_to_have_ended_otherwise(
    case: Case, state: ProposedState
) -> None:
    """Edge case 25: the end stays where it was."""
    case.given(a_flow_run(a_state(StateType.COMPLETED, data=RESULT), ENDED))
    case.accepts(propose(state))
    assert case.flow_run.progress.booked == ENDED


def test_a_result_marked_unpersisted_is_not_kept(case: Case) -> None:
    """Edge case 24: it is shown to its proposer, and the next end may come without any."""
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    proposal = propose(Completed(data=UNPERSISTED))
    decision = case.decided(proposal)
    shown = echoed(decision, proposal.state)
    assert shown is not None
    assert (shown.data, case.state.data) == (UNPERSISTED, None)
    case.accepts(propose(Completed(), id="another"))


@pytest.mark.parametrize(
    ("data", "kept"),
    [
        (
            {"artifact_key": "k", "artifact_type": "t", "artifact_description": "d", "x": 1},
            {"x": 1},
        ),
        ({"artifact_key": None}, {}),
        (["artifact_key"], ["artifact_key"]),
    ],
)
def test_what_a_result_says_of_its_artifact_is_no_part_of_it(
    case: Case, data: object, kept: object
) -> None:
    """Spec 1.4: neither shown nor kept."""
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    proposal = propose(Completed(data=data))
    shown = echoed(case.decided(proposal), proposal.state)
    assert shown is not None
    assert shown.data == case.state.data == kept


def test_a_server_made_state_is_shown_with_its_own_data(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    proposal = propose(Cancelling(data=UNPERSISTED))
    assert echoed(case.decided(proposal), proposal.state) == case.state


def test_nothing_is_shown_where_no_state_was_entered(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.CANCELLED)))
    proposal = propose(Cancelling(data=UNPERSISTED))
    assert echoed(case.decided(proposal), proposal.state) is None


@pytest.mark.parametrize("type", [StateType.COMPLETED, StateType.CRASHED])
def test_who_asks_only_runs_that_have_not_ended_leaves_the_others_alone(
    case: Case, type: StateType
) -> None:
    """A cascade was decided on before the child ended, and says so."""
    case.given(a_flow_run(a_state(type)), a_task_run(a_state(type)))
    for asked in (
        force(Cancelled(), unless_final=True),
        propose_task(Cancelled(), id="another", force=True, unless_final=True),
    ):
        decision = case.decided(asked)
        assert (decision.outcome, decision.reason) == (Outcome.REJECT, "The run has ended already.")
        assert decision.changes == ()


def test_who_has_not_ended_is_moved_all_the_same(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING)), a_task_run())
    for asked in (
        propose_task(Cancelled(), id="another", force=True, unless_final=True),
        force(Cancelled(), unless_final=True),
    ):
        assert case.decided(asked).outcome is Outcome.ACCEPT
