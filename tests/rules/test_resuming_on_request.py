"""A paused flow run goes on with what its pause asked for, or stays as it is."""

from typing import Any
from uuid import UUID

import pytest

from events.changes import InputStored, PolicyAmended, StateEntered
from events.decisions import Asked, Outcome
from events.entities import FlowRunInputs, flow_run_input_key, flow_run_inputs_key
from events.policies import FlowRunPolicy, PolicyAmendment
from events.proposals import ResumeFlowRun, StoreInput
from events.states import StateDetails, StateType
from tests.support.case import Case
from tests.support.examples import (
    NOON,
    PARENT_RUN,
    PARENT_TASK_RUN,
    RUN,
    SECOND,
    STATE,
    a_flow_run,
    a_state,
)

KEYSET = {"schema": "paused-1-schema", "response": "paused-1-response"}
ASKING = StateDetails(run_input_keyset=KEYSET)
PAUSED = a_state(StateType.PAUSED)
PAUSED_ASKING = a_state(StateType.PAUSED, details=ASKING)
SUSPENDED = a_state(StateType.PAUSED, "Suspended", details=StateDetails(pause_reschedule=True))
OVERDUE = a_state(
    StateType.PAUSED,
    details=StateDetails(pause_timeout=NOON - SECOND, run_input_keyset=KEYSET),
)
RESPONSE = flow_run_input_key(RUN, "paused-1-response")


def resume(**fields: Any) -> ResumeFlowRun:
    """The proposal that the flow run go on."""
    return ResumeFlowRun(id="resume", flow_run_id=RUN, **fields)


def test_a_run_whose_process_waits_runs_on(case: Case) -> None:
    case.given(a_flow_run(PAUSED, policy=FlowRunPolicy(pause_keys=frozenset({"1"}))))
    decision = case.decided(resume(api_version="0.8.4", client_version="3.9.1"))
    assert decision.outcome is Outcome.ACCEPT
    assert decision.asked == Asked(type=StateType.RUNNING, name="Running")
    assert (decision.facts.api_version, decision.facts.client_version) == ("0.8.4", "3.9.1")
    entered, amended = decision.changes
    assert isinstance(entered, StateEntered)
    assert entered.state.type is StateType.RUNNING
    assert amended == PolicyAmended(policy=PolicyAmendment(resuming=True))


def test_a_run_whose_process_is_gone_is_scheduled_at_once(case: Case) -> None:
    case.given(a_flow_run(SUSPENDED))
    case.decided(resume())
    assert (case.state.type, case.state.name) == (StateType.SCHEDULED, "Resuming")
    assert case.state.state_details.scheduled_time == NOON
    assert case.policy.resuming is True


def test_a_subflow_takes_the_task_run_along_that_stands_for_it(case: Case) -> None:
    case.given(
        a_flow_run(PAUSED, parent_task_run_id=PARENT_TASK_RUN, parent_flow_run_id=PARENT_RUN)
    )
    (follow_up,) = case.decided(resume()).follow_ups
    assert getattr(follow_up, "task_run_id", None) == PARENT_TASK_RUN


@pytest.mark.parametrize("state", [None, a_state(StateType.RUNNING), a_state(StateType.FAILED)])
def test_what_is_not_paused_is_not_resumed(case: Case, state: Any) -> None:
    case.given(a_flow_run(state))
    case.when(resume())
    case.then(
        outcome=Outcome.ABORT,
        reason="Cannot resume a flow run that is not paused.",
        rule="ResumeOnlyPausedRuns",
    )


def test_the_answer_is_stored_with_the_state_that_follows(case: Case) -> None:
    """Edge case 66: as it was hydrated."""
    case.given(a_flow_run(PAUSED_ASKING))
    decision = case.decided(resume(paused=STATE, run_input={"n": 1, "a": None}))
    assert isinstance(decision.changes[0], StateEntered)
    stored = decision.changes[-1]
    assert isinstance(stored, InputStored)
    assert (stored.input.key, stored.input.value) == ("paused-1-response", '{"n":1,"a":null}')
    assert case.known[RESPONSE] == stored.input
    assert case.known[flow_run_inputs_key(RUN)] == FlowRunInputs(keys=("paused-1-response",))


@pytest.mark.parametrize(
    ("state", "answer"),
    [(PAUSED_ASKING, {}), (PAUSED, {"n": 1}), (OVERDUE, {"n": 1})],
    ids=["nothing", "not asked for", "too late"],
)
def test_an_answer_may_be_nothing_or_come_to_nothing(
    case: Case, state: Any, answer: dict[str, Any]
) -> None:
    """Edge case 66: empty input stores nothing."""
    case.given(a_flow_run(state))
    decision = case.decided(resume(run_input=answer))
    assert not any(isinstance(change, InputStored) for change in decision.changes)
    assert RESPONSE not in case.known


def test_past_its_deadline_a_pause_fails(case: Case) -> None:
    case.given(a_flow_run(OVERDUE))
    decision = case.decided(resume(run_input={"n": 1}))
    assert decision.outcome is Outcome.REJECT
    assert (case.state.type, case.state.message) == (
        StateType.FAILED,
        "The flow was running and never resumed.",
    )


def test_an_answer_to_another_pause_is_refused(case: Case) -> None:
    case.given(a_flow_run(PAUSED_ASKING))
    case.when(resume(paused=UUID(int=5), run_input={"n": 1}))
    case.then(
        outcome=Outcome.REJECT,
        reason="The flow run is not in the pause that was answered.",
        rule="AnswerTheCurrentPause",
    )


def test_an_answer_does_not_replace_another(case: Case) -> None:
    case.given(a_flow_run(PAUSED_ASKING))
    case.asked(StoreInput(id="s", flow_run_id=RUN, key="paused-1-response", value="1"))
    case.when(resume(run_input={"n": 1}))
    case.then(
        outcome=Outcome.REJECT,
        reason="A flow run input with this key already exists.",
        rule="StoreEachInputOnce",
    )
    assert case.state == PAUSED_ASKING


def test_who_answers_nothing_may_find_an_answer_stored(case: Case) -> None:
    case.given(a_flow_run(PAUSED_ASKING))
    case.asked(StoreInput(id="s", flow_run_id=RUN, key="paused-1-response", value="1"))
    assert case.decided(resume()).outcome is Outcome.ACCEPT
