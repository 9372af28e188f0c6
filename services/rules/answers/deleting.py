"""A run is forgotten on request, with whatever only it led to; its decisions stay in the log."""

from collections.abc import Mapping
from datetime import datetime

from events.changes import FlowRunDeleted, TaskRunDeleted
from events.decisions import Decision, Undecidable
from events.entities import Entity, TaskRun, flow_run_key, task_run_key
from events.proposals import DeleteFlowRun, DeleteTaskRun

from ..subjects import flow_run_of, place_of, task_run_of
from .decisions import decision, unknown_flow_run, unknown_task_run
from .entering import left_by


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
    gone = FlowRunDeleted(
        id=proposal.flow_run_id,
        left=left_by(progress),
        expected_start_time=progress.booked.expected_start_time,
    )
    subject = flow_run_key(proposal.flow_run_id)
    return decision(proposal, subject, progress.version + 1, at, changes=(*own, gone))


def delete_task_run(
    known: Mapping[str, Entity], proposal: DeleteTaskRun, at: datetime
) -> Decision | Undecidable:
    """Forget the task run."""
    run = task_run_of(known, proposal.task_run_id)
    if run is None:
        return unknown_task_run(proposal.task_run_id)
    subject, version = task_run_key(proposal.task_run_id), run.progress.version + 1
    return decision(proposal, subject, version, at, changes=(_gone(known, run),))


def _gone(known: Mapping[str, Entity], run: TaskRun) -> TaskRunDeleted:
    return TaskRunDeleted(id=run.attributes.id, place=place_of(known, run))
