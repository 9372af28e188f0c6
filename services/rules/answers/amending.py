"""Attributes of flows and runs change on request; no state does."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import UNSET, structs

from events.changes import FlowAmended, FlowRunAmended, TaskRunAmended
from events.decisions import Decision, Outcome, Undecidable
from events.entities import Entity, FlowRun, flow_key, flow_run_key, task_run_key
from events.proposals import AmendFlow, AmendFlowRun, AmendTaskRun
from events.states import StateType

from ..asking.orchestrate import Said
from ..subjects import flow_of, flow_run_of, task_run_of
from .decisions import decision, unknown_flow, unknown_flow_run, unknown_task_run

UNCHANGED = FlowRunAmended()


def amend_flow(
    known: Mapping[str, Entity], proposal: AmendFlow, at: datetime
) -> Decision | Undecidable:
    """Give the flow its tags, unless it has these already."""
    flow = flow_of(known, proposal.flow_id)
    if flow is None:
        return unknown_flow(proposal.flow_id)
    is_same = proposal.tags is None or proposal.tags == flow.tags
    changes = () if is_same else (FlowAmended(tags=proposal.tags or [], updated=at),)
    return decision(proposal, flow_key(flow.id), flow.version + 1, at, changes=changes)


def amend_flow_run(
    known: Mapping[str, Entity], proposal: AmendFlowRun, at: datetime
) -> Decision | Undecidable:
    """Change what *proposal* names, all of it or, when it may not change, nothing."""
    run = flow_run_of(known, proposal.flow_run_id)
    if run is None:
        return unknown_flow_run(proposal.flow_run_id)
    subject, version = flow_run_key(proposal.flow_run_id), run.progress.version + 1
    refusal = keep_job_variables_once_claimed(run, proposal)
    if refusal is not None:
        said = Said(outcome=Outcome.REJECT, reason=refusal, rule="KeepJobVariables")
        return decision(proposal, subject, version, at, said=said)
    amended = FlowRunAmended(
        name=proposal.name,
        flow_version=proposal.flow_version,
        parameters=proposal.parameters,
        tags=proposal.tags,
        labels=UNSET if proposal.labels is UNSET else {**run.attributes.labels, **proposal.labels},
        infrastructure_pid=proposal.infrastructure_pid,
        job_variables=proposal.job_variables,
        policy=proposal.empirical_policy,
    )
    changes = () if amended == UNCHANGED else (amended,)
    return decision(proposal, subject, version, at, changes=changes)


def amend_task_run(
    known: Mapping[str, Entity], proposal: AmendTaskRun, at: datetime
) -> Decision | Undecidable:
    """Rename the task run, if it is to have another name."""
    run = task_run_of(known, proposal.task_run_id)
    if run is None:
        return unknown_task_run(proposal.task_run_id)
    subject, version = task_run_key(proposal.task_run_id), run.progress.version + 1
    if proposal.name is UNSET:
        return decision(proposal, subject, version, at)
    amended = TaskRunAmended(attributes=structs.replace(run.attributes, name=proposal.name))
    return decision(proposal, subject, version, at, changes=(amended,))


def keep_job_variables_once_claimed(run: FlowRun, proposal: AmendFlowRun) -> str | None:
    """Why job variables may not change: the job may have started, or no deployment has any."""
    if proposal.job_variables is UNSET or proposal.job_variables is None:
        return None
    state = run.progress.state
    if state is None or state.type is not StateType.SCHEDULED:
        shown = "NONE" if state is None else state.type.value
        return f"Job variables for a flow run in state {shown} cannot be updated"
    if run.attributes.deployment_id is None:
        return "A deployment for the flow run could not be found"
    return None
