"""A run is forgotten on request, with whatever only it led to; its decisions stay in the log."""

from collections.abc import Mapping
from datetime import datetime

from events.changes import FlowRunDeleted, TaskRunDeleted
from events.decisions import Decision, Outcome, Undecidable
from events.entities import Entity, FlowRun, TaskRun, flow_run_key, task_run_key
from events.proposals import DeleteFlowRun, DeleteTaskRun, UnscheduleFlowRun
from events.states import StateType

from ..asking.orchestrate import Said
from ..subjects import flow_run_of, place_of, task_run_of
from .decisions import decision, unknown_flow_run, unknown_task_run
from .entering import left_by

BEGUN = Said(
    outcome=Outcome.REJECT,
    reason="The flow run does not wait in that state any more.",
    rule="UnscheduleOnlyWaitingRuns",
)

AWAITING_SLOT = "AwaitingConcurrencySlot"


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
        _gone(known, each)
        for each in named
        if each is not None and each.attributes.flow_run_id == proposal.flow_run_id
    ]
    subject = flow_run_key(proposal.flow_run_id)
    return decision(
        proposal, subject, progress.version + 1, at, changes=(*own, _flow_run_gone(run))
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
    return decision(proposal, subject, version, at, changes=(_gone(known, run),))


def _flow_run_gone(run: FlowRun) -> FlowRunDeleted:
    return FlowRunDeleted(
        id=run.attributes.id,
        left=left_by(run.progress),
        expected_start_time=run.progress.booked.expected_start_time,
    )


def _gone(known: Mapping[str, Entity], run: TaskRun) -> TaskRunDeleted:
    return TaskRunDeleted(id=run.attributes.id, place=place_of(known, run))
