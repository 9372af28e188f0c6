"""Flows and runs are forgotten on request, with whatever only they led to; the log remembers."""

from collections.abc import Mapping
from datetime import datetime

from events.changes import FlowDeleted, FlowRunDeleted, TaskRunDeleted
from events.decisions import Decision, Outcome, Undecidable
from events.entities import Entity, FlowRun, TaskRun, flow_key, flow_run_key, task_run_key
from events.identity import derived_id
from events.proposals import (
    DeleteFlow,
    DeleteFlowRun,
    DeleteTaskRun,
    EndLease,
    Proposal,
    UnscheduleFlowRun,
)
from events.states import StateType

from ..asking.orchestrate import Said
from ..flow_runs.slots import lease_held
from ..subjects import flow_of, flow_run_of, place_of, task_run_of
from ..task_runs.slots import slots_of_a_deleted_run
from .decisions import decision, unknown_flow, unknown_flow_run, unknown_task_run
from .entering import left_by
from .resources import removals_below

BEGUN = Said(
    outcome=Outcome.REJECT,
    reason="The flow run does not wait in that state any more.",
    rule="UnscheduleOnlyWaitingRuns",
)

AWAITING_SLOT = "AwaitingConcurrencySlot"


def delete_flow(
    known: Mapping[str, Entity], proposal: DeleteFlow, at: datetime
) -> Decision | Undecidable:
    """Forget the flow and its deployments."""
    flow = flow_of(known, proposal.flow_id)
    if flow is None:
        return unknown_flow(proposal.flow_id)
    gone = FlowDeleted(id=flow.id, name=flow.name)
    changes = (*removals_below(known, "flow", flow.id), gone)
    return decision(proposal, flow_key(flow.id), flow.version + 1, at, changes=changes)


def delete_flow_run(
    known: Mapping[str, Entity], proposal: DeleteFlowRun, at: datetime
) -> Decision | Undecidable:
    """Forget the flow run, and of the named task runs those that are its own."""
    run = flow_run_of(known, proposal.flow_run_id)
    if run is None:
        return unknown_flow_run(proposal.flow_run_id)
    progress = run.progress
    named = (task_run_of(known, id) for id in dict.fromkeys(proposal.task_run_ids))
    own = [
        each
        for each in named
        if each is not None and each.attributes.flow_run_id == proposal.flow_run_id
    ]
    subject = flow_run_key(proposal.flow_run_id)
    changes = tuple(_gone(known, each) for each in own)
    given_back: list[Proposal] = [
        each for task in own for each in slots_of_a_deleted_run(task, proposal.id)
    ]
    lease = lease_held(run)
    if lease is not None:
        id = str(derived_id(at, subject, proposal.id, "end"))
        given_back.append(EndLease(id=id, lease_id=lease))
    return decision(
        proposal,
        subject,
        progress.version + 1,
        at,
        changes=(*changes, _flow_run_gone(run)),
        follow_ups=tuple(given_back),
    )


def unschedule_flow_run(
    known: Mapping[str, Entity], proposal: UnscheduleFlowRun, at: datetime
) -> Decision:
    """Forget the flow run, unless it has begun, is gone, or waits for a slot."""
    run, subject = flow_run_of(known, proposal.flow_run_id), flow_run_key(proposal.flow_run_id)
    if run is None:
        return decision(proposal, subject, 0, at, said=BEGUN)
    progress, version = run.progress, run.progress.version + 1
    state = progress.state
    if (
        state is None
        or state.id != proposal.state_id
        or state.type is not StateType.SCHEDULED
        or state.name == AWAITING_SLOT
        or progress.booked.run_count
    ):
        return decision(proposal, subject, version, at, said=BEGUN)
    return decision(proposal, subject, version, at, changes=(_flow_run_gone(run),))


def delete_task_run(
    known: Mapping[str, Entity], proposal: DeleteTaskRun, at: datetime
) -> Decision | Undecidable:
    """Forget the task run."""
    run = task_run_of(known, proposal.task_run_id)
    if run is None:
        return unknown_task_run(proposal.task_run_id)
    subject, version = task_run_key(proposal.task_run_id), run.progress.version + 1
    given_back = slots_of_a_deleted_run(run, proposal.id)
    changes = (_gone(known, run),)
    return decision(proposal, subject, version, at, changes=changes, follow_ups=given_back)


def _flow_run_gone(run: FlowRun) -> FlowRunDeleted:
    return FlowRunDeleted(
        id=run.attributes.id,
        left=left_by(run.progress, run.progress.booked),
        expected_start_time=run.progress.booked.expected_start_time,
    )


def _gone(known: Mapping[str, Entity], run: TaskRun) -> TaskRunDeleted:
    return TaskRunDeleted(
        id=run.attributes.id,
        place=place_of(known, run),
        left=left_by(run.progress, run.progress.booked),
        expected_start_time=run.progress.booked.expected_start_time,
    )
