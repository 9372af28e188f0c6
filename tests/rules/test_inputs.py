"""A flow run is given inputs under keys of their own, and loses them with what they were for."""

from uuid import UUID

import pytest

from events.changes import InputsDeleted, InputStored
from events.decisions import Outcome
from events.entities import (
    FlowRunInput,
    FlowRunInputs,
    flow_run_input_key,
    flow_run_inputs_key,
)
from events.identity import derived_id
from events.proposals import DeleteFlowRun, DeleteInput, ResumeFlowRun, StoreInput
from events.states import StateDetails, StateType
from events.states.constructors import Paused
from tests.support.case import Case
from tests.support.examples import NOON, RUN, SECOND, a_flow_run, a_state, propose

INDEX = flow_run_inputs_key(RUN)


def store(key: str, value: str = "v", sender: str | None = None) -> StoreInput:
    """The proposal that the flow run be given an input."""
    id = f"store {key} {value}"
    return StoreInput(id=id, flow_run_id=RUN, key=key, value=value, sender=sender)


def an_input(key: str, value: str = "v", sender: str | None = None) -> FlowRunInput:
    """The input that `store` gives at noon."""
    id = derived_id(NOON, RUN, f"store {key} {value}", "input", key)
    return FlowRunInput(id=id, flow_run_id=RUN, key=key, value=value, sender=sender, created=NOON)


def test_a_flow_run_is_given_an_input(case: Case) -> None:
    case.given(a_flow_run())
    case.when(store("greeting", "hello", sender="somebody"))
    case.then(InputStored(input=an_input("greeting", "hello", "somebody")))
    assert case.known[INDEX] == FlowRunInputs(keys=("greeting",))
    stored = case.known[flow_run_input_key(RUN, "greeting")]
    assert stored == an_input("greeting", "hello", "somebody")


def test_a_key_has_one_input(case: Case) -> None:
    case.given(a_flow_run())
    case.asked(store("a", "first"))
    case.when(store("a", "second"))
    case.then(
        outcome=Outcome.REJECT,
        reason="A flow run input with this key already exists.",
        rule="StoreEachInputOnce",
    )
    assert case.known[flow_run_input_key(RUN, "a")] == an_input("a", "first")


def test_inputs_keep_the_order_in_which_they_came(case: Case) -> None:
    case.given(a_flow_run())
    case.asked(store("b"), store("c"), store("a"))
    assert case.known[INDEX] == FlowRunInputs(keys=("b", "c", "a"))


def test_an_input_is_taken_away_and_its_key_is_free(case: Case) -> None:
    case.given(a_flow_run())
    case.asked(store("a"), store("b"))
    case.when(DeleteInput(id="d", flow_run_id=RUN, key="a"))
    case.then(InputsDeleted(keys=["a"]))
    assert case.known[INDEX] == FlowRunInputs(keys=("b",))
    assert flow_run_input_key(RUN, "a") not in case.known
    case.asked(store("a", "again"), DeleteInput(id="e", flow_run_id=RUN, key="b"))
    assert case.known[INDEX] == FlowRunInputs(keys=("a",))
    case.asked(DeleteInput(id="f", flow_run_id=RUN, key="a"))
    assert INDEX not in case.known


def test_what_is_not_there_is_not_taken_away(case: Case) -> None:
    case.given(a_flow_run())
    case.when(DeleteInput(id="d", flow_run_id=RUN, key="a"))
    case.then(
        outcome=Outcome.REJECT, reason="Flow run input not found", rule="DeleteInputsThatExist"
    )


@pytest.mark.parametrize(
    "proposal",
    [
        store("a"),
        DeleteInput(id="d", flow_run_id=RUN, key="a"),
        ResumeFlowRun(id="r", flow_run_id=RUN),
    ],
)
def test_a_flow_run_that_is_not_there_has_no_inputs(
    case: Case, proposal: StoreInput | DeleteInput | ResumeFlowRun
) -> None:
    case.when(proposal)
    case.then_undecidable(f"Flow run with id {RUN} not found", "flow_run_id", missing=True)


def test_a_pause_that_fires_forgets_the_inputs_of_its_keyset_and_no_others(case: Case) -> None:
    """Edge case 16."""
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    case.asked(store("paused-1-schema"), store("other"), store("paused-1-response"))
    keyset = {"schema": "paused-1-schema", "response": "paused-1-response"}
    details = StateDetails(run_input_keyset=keyset)
    case.accepts(propose(Paused(pause_key="1", state_details=details)))
    assert case.known[INDEX] == FlowRunInputs(keys=("other",))
    assert flow_run_input_key(RUN, "paused-1-schema") not in case.known


def test_a_deleted_flow_run_has_no_inputs(case: Case) -> None:
    case.given(a_flow_run())
    case.asked(store("a"), store("b"))
    case.asked(DeleteFlowRun(id="gone", flow_run_id=RUN))
    assert case.known == {}


def test_an_input_that_is_stored_over_another_takes_its_place_and_is_the_newest(
    case: Case,
) -> None:
    """No rule does so; whoever folds a log in which it happened knows the last."""
    case.given(a_flow_run())
    case.asked(store("a"), store("b"))
    changed = InputStored(input=an_input("a", "new"))
    decision = case.decided(store("c"), NOON + SECOND)
    case.given(type(decision)(
        proposal_id="p", kind="told", subject=decision.subject, version=9, at=NOON,
        changes=(changed,),
    ))  # fmt: skip
    assert case.known[INDEX] == FlowRunInputs(keys=("b", "c", "a"))
    assert case.known[flow_run_input_key(RUN, "a")] == an_input("a", "new")


def test_inputs_of_another_run_are_others(case: Case) -> None:
    other = UUID(int=7)
    case.given(a_flow_run())
    case.asked(store("a"))
    assert flow_run_input_key(RUN, "a") != flow_run_input_key(other, "a")
    assert flow_run_inputs_key(other) not in case.known
