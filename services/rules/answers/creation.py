"""Flows and runs come to be once; creating them again finds them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from events.changes import Change, FlowRegistered, FlowRunCreated, TaskRunCreated
from events.decisions import Decision, Outcome, Undecidable
from events.entities import (
    Entity,
    Flow,
    FlowRun,
    FlowRunAttributes,
    FlowRunProgress,
    TaskRun,
    TaskRunAttributes,
    TaskRunProgress,
    flow_key,
    flow_run_key,
    task_run_key,
)
from events.identity import derived_id, flow_run_id_of
from events.proposals import CreateFlowRun, CreateTaskRun, RegisterFlow
from events.slugs import slug_of
from events.states import ProposedState, StateType

from ..asking.orchestrate import Said
from ..asking.rule import Question
from ..asking.verdict import Told
from ..policies import MINIMAL_FLOW_POLICY
from ..subjects import created_task_run, flow_named, flow_run_of, id_to_create
from ..task_runs.caching import cached_state
from ..terms import TERMS, Terms
from .bookkeeping import completed
from .decisions import decision, unknown_flow_run
from .entering import Entered, enter_flow_run, enter_task_run
from .moving import api_facts, asked, is_current, taken_along, task_facts, task_policy_of

PENDING = ProposedState(type=StateType.PENDING)
"""The first state of a run that is created without one."""


def register_flow(known: Mapping[str, Entity], proposal: RegisterFlow, at: datetime) -> Decision:
    """Make the flow known, or find the one of this name."""
    flow = flow_named(known, proposal.name)
    if flow is not None:
        return decision(proposal, flow_key(flow.id), flow.version + 1, at)
    id = derived_id(at, proposal.name, proposal.id, "flow")
    made = Flow(
        id=id,
        name=proposal.name,
        tags=proposal.tags,
        labels=proposal.labels,
        created=at,
        updated=at,
    )
    return decision(proposal, flow_key(id), 1, at, changes=(FlowRegistered(flow=made),))


def create_flow_run(
    known: Mapping[str, Entity], proposal: CreateFlowRun, at: datetime
) -> Decision | Undecidable:
    """Create the flow run in its first state, which is forced; a known run stays as it is."""
    subject = flow_run_key(proposal.flow_run_id)
    first = proposal.state or PENDING
    existing = flow_run_of(known, proposal.flow_run_id)
    if existing is not None:
        said = Said(outcome=Outcome.REJECT, reason="This flow run already exists.")
        version = existing.progress.version + 1
        return decision(proposal, subject, version, at, said=said, asked=asked(first))
    if proposal.idempotency_key is not None:
        expected = flow_run_id_of(proposal.flow_id, proposal.idempotency_key)
        if proposal.flow_run_id != expected:
            return Undecidable(
                reason=f"Expected `{expected}`, the id that this idempotency key gives a run of"
                " this flow",
                field="flow_run_id",
            )
    attributes = _flow_run_attributes(proposal, at)
    created = FlowRunCreated(attributes=attributes, policy=proposal.empirical_policy)
    question = Question(
        subject=subject,
        run=FlowRun(attributes, FlowRunProgress(policy=proposal.empirical_policy)),
        proposed=completed(first, at),
        at=at,
        proposal_id=proposal.id,
        is_current_api=is_current(proposal.api_version),
    )
    entered = enter_flow_run(question, MINIMAL_FLOW_POLICY)
    assert isinstance(entered, Entered), "no rule has to know more about a first state"
    return decision(
        proposal,
        subject,
        1,
        at,
        changes=(created, *entered.changes),
        said=entered.said,
        asked=asked(first),
        facts=api_facts(proposal.api_version),
        follow_ups=taken_along(question, entered.state, proposal.by),
    )


def create_task_run(
    known: Mapping[str, Entity], proposal: CreateTaskRun, at: datetime, terms: Terms = TERMS
) -> Decision | Undecidable:
    """Create the task run in its first state, which is forced, or find it by its natural key."""
    first = proposal.state or PENDING
    existing = created_task_run(known, proposal)
    if existing is not None:
        subject = task_run_key(existing.attributes.id)
        said = Said(reason="This task run already exists.")
        version = existing.progress.version + 1
        return decision(proposal, subject, version, at, said=said, asked=asked(first))
    most = terms.cache_key_characters_max
    if proposal.cache_key is not None and len(proposal.cache_key) > most:
        return Undecidable(reason=f"Expected at most {most} characters", field="cache_key")
    labels: dict[str, Any] = proposal.labels
    flow_run: FlowRun | None = None
    if proposal.flow_run_id is not None:
        flow_run = flow_run_of(known, proposal.flow_run_id)
        if flow_run is None:
            return unknown_flow_run(proposal.flow_run_id)
        labels = {
            **flow_run.attributes.labels,
            "prefect.flow-run.id": str(proposal.flow_run_id),
            **labels,
        }
    attributes = _task_run_attributes(proposal, labels, at)
    created: Change = TaskRunCreated(attributes=attributes)
    question = Question(
        subject=task_run_key(attributes.id),
        run=TaskRun(attributes, TaskRunProgress()),
        proposed=completed(first, at),
        at=at,
        proposal_id=proposal.id,
        by=proposal.by,
        flow_run=flow_run,
        cached=cached_state(known, first, at),
        told=Told(terms=terms),
    )
    policy = task_policy_of(first, force=True)
    entered = enter_task_run(question, policy)
    assert isinstance(entered, Entered), "no rule has to know more about a first state"
    return decision(
        proposal,
        question.subject,
        1,
        at,
        changes=(created, *entered.changes),
        said=entered.said,
        asked=asked(first),
        facts=task_facts(question, policy),
        follow_ups=entered.follow_ups,
    )


def _flow_run_attributes(proposal: CreateFlowRun, at: datetime) -> FlowRunAttributes:
    labels: dict[str, Any] = {"prefect.flow.id": str(proposal.flow_id)}
    if proposal.deployment_id is not None:
        labels["prefect.deployment.id"] = str(proposal.deployment_id)
    return FlowRunAttributes(
        id=proposal.flow_run_id,
        flow_id=proposal.flow_id,
        name=proposal.name or slug_of(proposal.flow_run_id),
        created=at,
        deployment_id=proposal.deployment_id,
        deployment_version=proposal.deployment_version,
        work_queue_id=proposal.work_queue_id,
        work_queue_name=proposal.work_queue_name,
        work_pool_id=proposal.work_pool_id,
        work_pool_name=proposal.work_pool_name,
        flow_version=proposal.flow_version,
        parameters=proposal.parameters,
        idempotency_key=proposal.idempotency_key,
        context=proposal.context,
        tags=proposal.tags,
        labels={**labels, **proposal.labels},
        parent_task_run_id=proposal.parent_task_run_id,
        parent_flow_run_id=proposal.parent_flow_run_id,
        auto_scheduled=proposal.auto_scheduled,
        infrastructure_document_id=proposal.infrastructure_document_id,
        infrastructure_pid=proposal.infrastructure_pid,
        created_by=proposal.created_by,
        job_variables=proposal.job_variables,
    )


def _task_run_attributes(
    proposal: CreateTaskRun, labels: dict[str, Any], at: datetime
) -> TaskRunAttributes:
    id = id_to_create(proposal)
    return TaskRunAttributes(
        id=id,
        name=proposal.name or slug_of(id),
        task_key=proposal.task_key,
        dynamic_key=proposal.dynamic_key,
        created=at,
        flow_run_id=proposal.flow_run_id,
        cache_key=proposal.cache_key,
        cache_expiration=proposal.cache_expiration,
        task_version=proposal.task_version,
        empirical_policy=proposal.empirical_policy,
        task_inputs=proposal.task_inputs,
        tags=proposal.tags,
        labels=labels,
    )
