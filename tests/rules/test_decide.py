"""Decide: the answer to one proposal, from what is known and the instant of intake alone."""

import pytest

from events.entities import Bookkeeping
from events.proposals import (
    AmendFlowRun,
    CreateFlowRun,
    CreateTaskRun,
    Proposal,
    RegisterFlow,
    WriteLogs,
)
from events.states import StateDetails, StateType
from events.states.constructors import Failed, Running
from services.rules import answered, needs
from tests.support.case import Case
from tests.support.examples import (
    NOON,
    RUN,
    TASK_RUN,
    a_flow_run,
    a_state,
    a_task_run,
    propose,
    propose_task,
)


@pytest.mark.parametrize(
    "proposal",
    [propose(Running()), AmendFlowRun(id="a", flow_run_id=RUN, name="mine")],
    ids=["state", "amendment"],
)
def test_an_unknown_flow_run_is_named(case: Case, proposal: Proposal) -> None:
    case.when(proposal)
    case.then_undecidable(f"Flow run with id {RUN} not found", "flow_run_id", missing=True)


def test_an_unknown_task_run_is_named(case: Case) -> None:
    case.when(propose_task(Running()))
    case.then_undecidable(f"Task run with id {TASK_RUN} not found", "task_run_id", missing=True)


def test_a_decision_carries_who_asked_and_with_what(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING), Bookkeeping(expected_start_time=NOON)))
    case.when(propose(Running(), by="an engine", api_version="0.8.4", client_version="3.9.1"))
    case.then(
        case.entered(
            StateType.RUNNING,
            booked=Bookkeeping(run_count=1, expected_start_time=NOON, start_time=NOON),
        )
    )


@pytest.mark.parametrize("is_forced", [False, True])
def test_a_task_run_enters_what_is_proposed(case: Case, is_forced: bool) -> None:
    case.given(a_flow_run(), a_task_run(a_state(StateType.RUNNING), Bookkeeping(run_count=1)))
    case.when(propose_task(Failed(message="boom"), force=is_forced, api_version="0.8.4"))
    case.then(
        case.entered(
            StateType.FAILED,
            message="boom",
            booked=Bookkeeping(
                run_count=1,
                expected_start_time=NOON,
                start_time=NOON,
                end_time=NOON,
                total_run_time=60.0,
            ),
            details=StateDetails(),
            task=True,
        )
    )


def test_a_proposal_is_answered_by_the_entry_that_decided_it(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.PENDING)))
    proposal = propose(Running())
    assert answered(case.known, proposal) is None
    case.asked(proposal, propose(Running(), id="another"))
    assert answered(case.known, proposal) == "0-2"


@pytest.mark.parametrize(
    "proposal", [RegisterFlow(id="f", name="etl"), WriteLogs(id="l", run_id=RUN, lines=[])]
)
def test_flows_and_logs_remember_no_proposals(case: Case, proposal: Proposal) -> None:
    case.asked(proposal)
    assert answered(case.known, proposal) is None


def test_what_is_needed_is_named_before_anything_is_known() -> None:
    creation = CreateTaskRun(
        id="c", flow_run_id=RUN, task_run_id=TASK_RUN, task_key="t", dynamic_key="0"
    )
    assert needs(creation) == (
        f"task_run:{TASK_RUN}",
        f"task_place:{RUN}:t:0",
        f"flow_run:{RUN}",
    )
    assert needs(CreateFlowRun(id="c", flow_run_id=RUN, flow_id=RUN)) == (f"flow_run:{RUN}",)
    assert needs(RegisterFlow(id="f", name="etl")) == ("flow_name:etl",)
    assert needs(WriteLogs(id="l", run_id=RUN, lines=[])) == ()
