"""Flows and runs come to be once; creating them again finds them."""

from typing import Any
from uuid import UUID

import pytest

from events.changes import FlowRegistered, FlowRunCreated, TaskRunCreated
from events.decisions import Outcome
from events.entities import (
    Bookkeeping,
    Flow,
    FlowRunAttributes,
    TaskRunAttributes,
    flow_key,
    flow_run_key,
    task_run_key,
)
from events.identity import derived_id, flow_run_id_of, task_run_id_of
from events.policies import FlowRunPolicy
from events.proposals import CreateFlowRun, CreateTaskRun, RegisterFlow
from events.slugs import slug_of
from events.states import ProposedState, StateDetails, StateType
from events.states.constructors import (
    Cancelling,
    Completed,
    Late,
    Paused,
    Running,
    Scheduled,
)
from services.rules import needs
from tests.support.case import Case
from tests.support.examples import (
    DEPLOYMENT,
    FLOW,
    HOUR,
    NOON,
    RUN,
    TASK_RUN,
    a_flow_run,
    a_state,
    a_task_run,
)

OTHER = UUID("0190a5b2-6f2e-4a10-9a77-0000000000ff")


def create(state: ProposedState | None = None, **fields: Any) -> CreateFlowRun:
    return CreateFlowRun(id="a creation", flow_run_id=RUN, flow_id=FLOW, state=state, **fields)


def create_task(**fields: Any) -> CreateTaskRun:
    given: dict[str, Any] = {"id": "a creation", "task_key": "load", "dynamic_key": "0"}
    return CreateTaskRun(**(given | fields))


def test_a_flow_is_registered_under_its_name(case: Case) -> None:
    proposal = RegisterFlow(id="a flow", name="etl", tags=["a"], labels={"b": 1})
    case.when(proposal)
    id = derived_id(NOON, "etl", "a flow", "flow")
    flow = Flow(id=id, name="etl", tags=["a"], labels={"b": 1}, created=NOON, updated=NOON)
    case.then(FlowRegistered(flow=flow), subject=flow_key(id))


def test_a_flow_is_found_by_its_name_and_stays_as_it_is(case: Case) -> None:
    case.asked(RegisterFlow(id="first", name="etl"))
    case.when(RegisterFlow(id="second", name="etl", tags=["new"]))
    case.then(subject=flow_key(derived_id(NOON, "etl", "first", "flow")))
    case.asked(RegisterFlow(id="third", name="ETL"))
    assert len([each for each in case.known.values() if isinstance(each, Flow)]) == 2


def test_a_flow_run_without_a_state_is_pending(case: Case) -> None:
    case.when(create())
    attributes = FlowRunAttributes(
        id=RUN,
        flow_id=FLOW,
        name=slug_of(RUN),
        created=NOON,
        labels={"prefect.flow.id": str(FLOW)},
    )
    case.then(
        FlowRunCreated(attributes=attributes),
        case.entered(StateType.PENDING, booked=Bookkeeping(expected_start_time=NOON)),
    )


def test_a_flow_run_has_all_that_it_was_created_with(case: Case) -> None:
    policy = FlowRunPolicy(retries=2)
    case.when(
        create(
            Scheduled(NOON + HOUR),
            name="mine",
            deployment_id=DEPLOYMENT,
            parameters={"x": 1},
            tags=["a"],
            labels={"prefect.flow.id": "mine", "b": 2},
            empirical_policy=policy,
            infrastructure_pid="7",
            job_variables={"image": "i"},
            by="somebody",
        )
    )
    attributes = FlowRunAttributes(
        id=RUN,
        flow_id=FLOW,
        name="mine",
        created=NOON,
        deployment_id=DEPLOYMENT,
        parameters={"x": 1},
        tags=["a"],
        labels={
            "prefect.flow.id": "mine",
            "prefect.deployment.id": str(DEPLOYMENT),
            "b": 2,
        },
        infrastructure_pid="7",
        job_variables={"image": "i"},
    )
    case.then(
        FlowRunCreated(attributes=attributes, policy=policy),
        case.entered(
            StateType.SCHEDULED,
            booked=Bookkeeping(
                expected_start_time=NOON + HOUR, next_scheduled_start_time=NOON + HOUR
            ),
            details=StateDetails(scheduled_time=NOON + HOUR),
        ),
    )


@pytest.mark.parametrize(
    ("state", "booked"),
    [
        (Running(), Bookkeeping(run_count=1, expected_start_time=NOON, start_time=NOON)),
        (Completed(), Bookkeeping(expected_start_time=NOON, start_time=NOON, end_time=NOON)),
        (Paused(), Bookkeeping(expected_start_time=NOON)),
        (Cancelling(), Bookkeeping(expected_start_time=NOON)),
        (Late(NOON), Bookkeeping(expected_start_time=NOON, next_scheduled_start_time=NOON)),
    ],
    ids=str,
)
def test_any_state_may_be_the_first(case: Case, state: ProposedState, booked: Bookkeeping) -> None:
    """It is forced: no rule protects what is not there yet."""
    decision = case.decided(create(state))
    assert decision.outcome is Outcome.ACCEPT
    assert (case.state.type, case.state.name) == (state.type, state.name)
    assert case.flow_run.progress.booked == booked


@pytest.mark.parametrize("name", [None, ""])
def test_a_run_without_a_name_gets_two_words(case: Case, name: str | None) -> None:
    case.asked(create(name=name))
    assert case.flow_run.attributes.name == slug_of(RUN)


def test_a_run_is_created_once(case: Case) -> None:
    """Edge case 54: the repeat's state, tags and parameters are ignored."""
    case.given(a_flow_run(a_state(StateType.RUNNING)))
    run = case.flow_run
    case.when(create(Completed(), tags=["new"], parameters={"x": 2}))
    case.then(outcome=Outcome.REJECT, reason="This flow run already exists.")
    assert case.flow_run.attributes == run.attributes
    assert case.state == run.progress.state


def test_an_idempotency_key_makes_one_id_for_each_flow(case: Case) -> None:
    """Edge case 54: keys are per flow, not global."""
    id, other = flow_run_id_of(FLOW, "key"), flow_run_id_of(OTHER, "key")
    assert id != other
    proposal = CreateFlowRun(id="c", flow_run_id=id, flow_id=FLOW, idempotency_key="key")
    assert case.decided(proposal).subject == flow_run_key(id)


def test_another_id_than_the_keys_is_named(case: Case) -> None:
    case.when(create(idempotency_key="key"))
    case.then_undecidable(
        f"Expected `{flow_run_id_of(FLOW, 'key')}`, the id that this idempotency key gives a run"
        " of this flow",
        "flow_run_id",
    )


def test_a_task_run_is_created_in_its_place(case: Case) -> None:
    case.given(a_flow_run(labels={"a": 1, "b": 1}))
    case.when(create_task(flow_run_id=RUN, task_run_id=TASK_RUN, name="l", labels={"b": 2}))
    attributes = TaskRunAttributes(
        id=TASK_RUN,
        name="l",
        task_key="load",
        dynamic_key="0",
        created=NOON,
        flow_run_id=RUN,
        labels={"a": 1, "b": 2, "prefect.flow-run.id": str(RUN)},
    )
    case.then(
        TaskRunCreated(attributes=attributes),
        case.entered(StateType.PENDING, booked=Bookkeeping(expected_start_time=NOON), task=True),
        subject=task_run_key(TASK_RUN),
    )


def test_a_task_run_enters_its_first_state_by_force(case: Case) -> None:
    case.given(a_flow_run())
    case.asked(create_task(flow_run_id=RUN, task_run_id=TASK_RUN, state=Running()))
    booked = Bookkeeping(run_count=1, expected_start_time=NOON, start_time=NOON)
    assert case.task_run.progress.booked == booked


def test_a_task_run_without_id_or_name_gets_both_from_its_place(case: Case) -> None:
    case.given(a_flow_run())
    id = task_run_id_of(RUN, "load", "0")
    (created, _) = case.decided(create_task(flow_run_id=RUN, name="")).changes
    assert isinstance(created, TaskRunCreated)
    assert (created.attributes.id, created.attributes.name) == (id, slug_of(id))


def test_a_task_run_is_found_by_its_place_whatever_id_is_asked_for(case: Case) -> None:
    case.given(a_flow_run(), a_task_run(a_state(StateType.RUNNING)))
    run = case.task_run
    case.when(create_task(flow_run_id=RUN, task_run_id=OTHER, state=Completed(), tags=["new"]))
    case.then(subject=task_run_key(TASK_RUN), reason="This task run already exists.")
    assert case.task_run.attributes == run.attributes
    assert case.task_run.progress.state == run.progress.state


def test_a_place_that_is_known_only_by_alias_has_to_be_looked_up(case: Case) -> None:
    """An alias leads to one more entity; whoever loads asks twice what is needed."""
    case.given(a_flow_run(), a_task_run(a_state(StateType.RUNNING)))
    proposal = create_task(flow_run_id=RUN, task_run_id=OTHER)
    first = needs(proposal)
    known = {key: each for key, each in case.known.items() if key in first}
    assert set(needs(proposal, known)) == {*first, task_run_key(TASK_RUN)}


def test_a_task_run_of_an_unknown_flow_run_is_not_created(case: Case) -> None:
    case.when(create_task(flow_run_id=RUN))
    case.then_undecidable(f"Flow run with id {RUN} not found", "flow_run_id", missing=True)


def test_a_task_run_needs_no_flow_run(case: Case) -> None:
    id = task_run_id_of(None, "load", "0")
    decision = case.decided(create_task())
    assert decision.subject == task_run_key(id)
    case.when(create_task(id="again"))
    case.then(subject=task_run_key(id), reason="This task run already exists.")


def test_a_cache_key_has_a_limit(case: Case) -> None:
    case.when(create_task(cache_key="k" * 2_001))
    case.then_undecidable("Expected at most 2000 characters", "cache_key")
    case.asked(create_task(cache_key="k" * 2_000))


@pytest.mark.parametrize(
    ("api_version", "resuming"), [(None, False), ("0.8.4", False), ("0.8.3", True)]
)
def test_a_run_created_by_an_old_client_keeps_its_mark_of_resuming(
    case: Case, api_version: str | None, resuming: bool
) -> None:
    policy = FlowRunPolicy(resuming=True)
    case.asked(create(Running(), empirical_policy=policy, api_version=api_version))
    assert case.policy.resuming is resuming
    assert case.flow_run.progress.booked.run_count == int(resuming)
