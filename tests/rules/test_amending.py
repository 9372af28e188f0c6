"""Attributes of runs change on request; no state does."""

from typing import Any

import pytest
from msgspec import structs

from events.changes import FlowRunAmended, TaskRunAmended
from events.decisions import Outcome
from events.policies import FlowRunPolicy
from events.proposals import AmendFlowRun, AmendTaskRun
from events.states import StateType
from tests.support.case import Case
from tests.support.examples import (
    RUN,
    TASK_RUN,
    TASK_RUN_ATTRIBUTES,
    a_flow_run,
    a_state,
    a_task_run,
)

RULE = "KeepJobVariables"


def amend(**fields: Any) -> AmendFlowRun:
    return AmendFlowRun(id="an amendment", flow_run_id=RUN, **fields)


def test_what_is_named_changes_and_the_rest_stays(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING), tags=["a"], parameters={"x": 1}))
    case.when(amend(name="mine", infrastructure_pid="7", flow_version=None))
    case.then(FlowRunAmended(name="mine", infrastructure_pid="7", flow_version=None))
    attributes = case.flow_run.attributes
    assert (attributes.name, attributes.infrastructure_pid) == ("mine", "7")
    assert (attributes.tags, attributes.parameters) == (["a"], {"x": 1})


def test_a_policy_is_replaced_wholesale(case: Case) -> None:
    """Edge case 68: a stale one erases what the pauses left in it."""
    policy = FlowRunPolicy(retries=1, pause_keys=frozenset({"1"}), resuming=True)
    case.given(a_flow_run(a_state(StateType.RUNNING), policy=policy))
    case.when(amend(empirical_policy=FlowRunPolicy(retries=3)))
    case.then(FlowRunAmended(policy=FlowRunPolicy(retries=3)))
    assert case.policy == FlowRunPolicy(retries=3)


def test_labels_are_merged(case: Case) -> None:
    case.given(a_flow_run(labels={"a": 1, "b": 1}))
    case.when(amend(labels={"b": 2, "c": 3}))
    case.then(FlowRunAmended(labels={"a": 1, "b": 2, "c": 3}))


def test_naming_nothing_changes_nothing(case: Case) -> None:
    case.given(a_flow_run())
    case.when(amend())
    case.then()


@pytest.mark.parametrize("type", [each for each in StateType if each is not StateType.SCHEDULED])
def test_job_variables_change_only_while_the_run_is_scheduled(case: Case, type: StateType) -> None:
    """And nothing else changes with them, then."""
    case.given(a_flow_run(a_state(type)))
    case.when(amend(job_variables={"image": "i"}, name="mine"))
    case.then(
        outcome=Outcome.REJECT,
        rule=RULE,
        reason=f"Job variables for a flow run in state {type.value} cannot be updated",
    )


def test_job_variables_of_a_scheduled_run_change(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.SCHEDULED)))
    case.when(amend(job_variables={"image": "i"}))
    case.then(FlowRunAmended(job_variables={"image": "i"}))


def test_job_variables_need_a_deployment(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.SCHEDULED), deployment_id=None))
    case.when(amend(job_variables={"image": "i"}))
    case.then(
        outcome=Outcome.REJECT,
        rule=RULE,
        reason="A deployment for the flow run could not be found",
    )


def test_job_variables_need_a_state(case: Case) -> None:
    case.given(a_flow_run())
    case.when(amend(job_variables={"image": "i"}))
    case.then(
        outcome=Outcome.REJECT,
        rule=RULE,
        reason="Job variables for a flow run in state NONE cannot be updated",
    )


def test_job_variables_may_be_taken_away_at_any_time(case: Case) -> None:
    case.given(a_flow_run(a_state(StateType.RUNNING), job_variables={"image": "i"}))
    case.when(amend(job_variables=None))
    case.then(FlowRunAmended(job_variables=None))


def test_a_task_run_gets_another_name(case: Case) -> None:
    case.given(a_task_run(a_state(StateType.RUNNING)))
    case.when(AmendTaskRun(id="an amendment", task_run_id=TASK_RUN, flow_run_id=RUN, name="mine"))
    case.then(TaskRunAmended(attributes=structs.replace(TASK_RUN_ATTRIBUTES, name="mine")))
    assert case.task_run.progress.state == a_state(StateType.RUNNING)


def test_a_task_run_that_is_to_change_in_nothing_does_not(case: Case) -> None:
    case.given(a_task_run())
    case.when(AmendTaskRun(id="an amendment", task_run_id=TASK_RUN))
    case.then()
