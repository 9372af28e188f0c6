"""The rules are asked in a declared order; where two disagree, the first to be asked wins."""

from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from events.decisions import Decision
from events.policies import FlowRunPolicy
from events.proposals import CacheTaskState, ProposeFlowRunState
from events.states import ProposedState, State, StateDetails, StateType
from events.states.constructors import (
    Cancelling,
    Completed,
    Late,
    Paused,
    Pending,
    Running,
    Suspended,
)
from services.rules.asking.rule import Policy
from services.rules.policies import (
    BACKGROUND_TASK_POLICY,
    CORE_FLOW_POLICY,
    CORE_TASK_POLICY,
    MINIMAL_FLOW_POLICY,
    MINIMAL_TASK_POLICY,
)
from tests.support.case import Case
from tests.support.examples import (
    NOON,
    RESULT,
    SECOND,
    a_flow_run,
    a_state,
    a_task_run,
    propose,
    propose_task,
)

CORE = """
PreserveDeploymentConcurrencyLeaseId
PreventDuplicateTransitions
HandleFlowTerminalStateTransitions
EnforceCancellingToCancelledTransition
BypassCancellingFlowRunsWithNoInfra
PreventPendingTransitions
ValidateDeploymentConcurrencyAtRunning
SecureFlowConcurrencySlots
RemoveDeploymentConcurrencyLeaseForOldClientVersions
EnsureOnlyScheduledFlowsMarkedLate
HandlePausingFlows
HandleResumingPausedFlows
CopyScheduledTime
WaitForScheduledTime
RetryFailedFlows
"""
MINIMAL = """
PreserveDeploymentConcurrencyLeaseId
PreventResultDataLoss
BypassCancellingFlowRunsWithNoInfra
"""
CORE_TASK = """
CacheRetrieval
HandleTaskTerminalStateTransitions
PreventRunningTasksFromStoppedFlows
SecureTaskConcurrencySlots
CopyScheduledTime
WaitForScheduledTime
RetryFailedTasks
RenameReruns
UpdateFlowRunTrackerOnTasks
CacheInsertion
"""
BACKGROUND_TASK = """
PreventPendingTransitions
CacheRetrieval
HandleTaskTerminalStateTransitions
CopyScheduledTime
CopyTaskParametersID
WaitForScheduledTime
RetryFailedTasks
RenameReruns
UpdateFlowRunTrackerOnTasks
CacheInsertion
EnqueueScheduledTasks
"""

SAME = StateDetails(transition_id=UUID(int=1))
OVERDUE = StateDetails(pause_timeout=NOON - SECOND)
RESULT_STATE = a_state(StateType.COMPLETED, data=RESULT, details=SAME)


def test_the_order_is_the_declared_one() -> None:
    assert [rule.name for rule in CORE_FLOW_POLICY.rules] == CORE.split()
    assert [rule.name for rule in MINIMAL_FLOW_POLICY.rules] == MINIMAL.split()
    assert [rule.name for rule in CORE_TASK_POLICY.rules] == CORE_TASK.split()
    assert [rule.name for rule in BACKGROUND_TASK_POLICY.rules] == BACKGROUND_TASK.split()
    assert MINIMAL_TASK_POLICY.rules == ()


DISAGREEMENTS: list[tuple[str, str, Decision, ProposeFlowRunState]] = [
    (
        "PreventDuplicateTransitions",
        "HandleFlowTerminalStateTransitions",
        a_flow_run(RESULT_STATE),
        propose(Running(state_details=SAME)),
    ),
    (
        "PreventDuplicateTransitions",
        "EnforceCancellingToCancelledTransition",
        a_flow_run(a_state(StateType.CANCELLING, details=SAME)),
        propose(Running(state_details=SAME)),
    ),
    (
        "PreventDuplicateTransitions",
        "BypassCancellingFlowRunsWithNoInfra",
        a_flow_run(a_state(StateType.SCHEDULED, details=SAME)),
        propose(Cancelling(state_details=SAME)),
    ),
    (
        "PreventDuplicateTransitions",
        "HandleResumingPausedFlows",
        a_flow_run(a_state(StateType.PAUSED, details=SAME)),
        propose(Pending(state_details=SAME)),
    ),
    (
        "HandleFlowTerminalStateTransitions",
        "PreventPendingTransitions",
        a_flow_run(RESULT_STATE),
        propose(Pending()),
    ),
    (
        "HandleFlowTerminalStateTransitions",
        "EnsureOnlyScheduledFlowsMarkedLate",
        a_flow_run(a_state(StateType.FAILED), deployment_id=None),
        propose(Late(NOON)),
    ),
    (
        "HandleFlowTerminalStateTransitions",
        "HandlePausingFlows",
        a_flow_run(a_state(StateType.FAILED)),
        propose(Paused()),
    ),
    (
        "EnforceCancellingToCancelledTransition",
        "PreventPendingTransitions",
        a_flow_run(a_state(StateType.CANCELLING)),
        propose(Pending()),
    ),
    (
        "EnforceCancellingToCancelledTransition",
        "EnsureOnlyScheduledFlowsMarkedLate",
        a_flow_run(a_state(StateType.CANCELLING)),
        propose(Late(NOON)),
    ),
    (
        "EnforceCancellingToCancelledTransition",
        "HandlePausingFlows",
        a_flow_run(a_state(StateType.CANCELLING)),
        propose(Paused()),
    ),
    (
        "BypassCancellingFlowRunsWithNoInfra",
        "HandleResumingPausedFlows",
        a_flow_run(
            a_state(StateType.PAUSED, details=StateDetails(pause_reschedule=True)),
            deployment_id=None,
        ),
        propose(Cancelling()),
    ),
    (
        "EnsureOnlyScheduledFlowsMarkedLate",
        "HandleResumingPausedFlows",
        a_flow_run(a_state(StateType.PAUSED, details=OVERDUE)),
        propose(Late(NOON)),
    ),
    (
        "HandlePausingFlows",
        "HandleResumingPausedFlows",
        a_flow_run(a_state(StateType.PAUSED, details=OVERDUE)),
        propose(Suspended()),
    ),
]
"""Who wins, who would have had another answer, and over what."""


@pytest.mark.parametrize(
    ("winner", "loser", "given", "asked"),
    DISAGREEMENTS,
    ids=[f"{winner}-{loser}" for winner, loser, _, _ in DISAGREEMENTS],
)
def test_the_first_to_be_asked_wins(
    case: Case, winner: str, loser: str, given: Decision, asked: ProposeFlowRunState
) -> None:
    names: list[str] = list(CORE.split())
    assert names.index(winner) < names.index(loser)
    case.given(given)
    assert case.decided(asked).rule == winner


IN_THE_FUTURE = a_state(StateType.PENDING, details=StateDetails(scheduled_time=NOON + SECOND))
DEFERRED = StateDetails(deferred=True)
ENDED = a_state(StateType.COMPLETED, data=RESULT)
TO_RUN = Running(state_details=StateDetails(cache_key="k"))
CACHE = CacheTaskState(id="cached", key="k", state=a_state(StateType.COMPLETED))
FLOW_RUN_RUNS, FLOW_RUN_FAILED = (
    a_flow_run(a_state(type)) for type in (StateType.RUNNING, StateType.FAILED)
)

TASK_DISAGREEMENTS: list[tuple[str, str, Decision, State, ProposedState]] = [
    (
        "CacheRetrieval",
        "HandleTaskTerminalStateTransitions",
        FLOW_RUN_RUNS,
        ENDED,
        TO_RUN,
    ),
    (
        "CacheRetrieval",
        "PreventRunningTasksFromStoppedFlows",
        FLOW_RUN_FAILED,
        a_state(StateType.PENDING),
        TO_RUN,
    ),
    ("CacheRetrieval", "WaitForScheduledTime", FLOW_RUN_RUNS, IN_THE_FUTURE, TO_RUN),
    (
        "HandleTaskTerminalStateTransitions",
        "PreventRunningTasksFromStoppedFlows",
        FLOW_RUN_FAILED,
        ENDED,
        Running(),
    ),
    (
        "PreventRunningTasksFromStoppedFlows",
        "WaitForScheduledTime",
        FLOW_RUN_FAILED,
        IN_THE_FUTURE,
        Running(),
    ),
    (
        "PreventPendingTransitions",
        "HandleTaskTerminalStateTransitions",
        FLOW_RUN_RUNS,
        a_state(StateType.CANCELLED),
        Pending(state_details=DEFERRED),
    ),
]


@pytest.mark.parametrize(
    ("winner", "loser", "flow_run", "state", "proposed"),
    TASK_DISAGREEMENTS,
    ids=[f"{each[0]}-{each[1]}" for each in TASK_DISAGREEMENTS],
)
def test_the_first_to_be_asked_wins_for_tasks(
    case: Case,
    winner: str,
    loser: str,
    flow_run: Decision,
    state: State,
    proposed: ProposedState,
) -> None:
    order = BACKGROUND_TASK if proposed.state_details.deferred else CORE_TASK
    names: list[str] = list(order.split())
    assert names.index(winner) < names.index(loser)
    case.given(flow_run, a_task_run(state))
    case.asked(CACHE)
    assert case.decided(propose_task(proposed)).rule == winner


def test_a_transition_concerns_rules_in_the_order_of_their_policy() -> None:
    policies: tuple[Policy[Any], ...] = (
        *(CORE_FLOW_POLICY, MINIMAL_FLOW_POLICY),
        *(CORE_TASK_POLICY, BACKGROUND_TASK_POLICY),
    )
    for policy in policies:
        for concerned in policy.concerned.values():
            places = [policy.rules.index(rule) for rule in concerned]
            assert all(one < other for one, other in pairwise(places))


def test_a_rule_that_replaces_a_state_ends_the_asking(case: Case) -> None:
    """Edge case 4: a pause past its deadline fails, and the failure is not judged in its turn."""
    policy = FlowRunPolicy(retries=5, pause_keys=frozenset({"1"}))
    case.given(a_flow_run(a_state(StateType.PAUSED, details=OVERDUE), policy=policy))
    assert case.decided(propose(Completed())).rule == "HandleResumingPausedFlows"
    assert case.state.type is StateType.FAILED
