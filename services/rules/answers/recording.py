"""What engines say of their own task runs is recorded; the newest state is where a run is."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET, structs

from events.changes import (
    Change,
    LogsWritten,
    StateEntered,
    StateRecorded,
    TaskRunAmended,
    TaskRunCreated,
)
from events.decisions import Decision
from events.entities import (
    Bookkeeping,
    Entity,
    TaskRun,
    TaskRunAttributes,
    TaskRunProgress,
    flow_run_key,
    task_run_key,
)
from events.proposals import RecordedFields, RecordTaskRun, WriteLogs
from events.slugs import slug_of
from events.states import State

from ..subjects import recorded_task_run
from .decisions import decision
from .entering import left_by

ATTRIBUTES = (
    "name", "task_key", "dynamic_key", "cache_key", "cache_expiration", "task_version",
    "empirical_policy", "task_inputs", "tags", "labels",
)  # fmt: skip
"""The recorded fields that are attributes of the run."""

BOOKED = (
    "run_count", "expected_start_time", "next_scheduled_start_time", "start_time", "end_time",
    "total_run_time",
)  # fmt: skip
"""The recorded fields that are its bookkeeping; the engine keeps these books itself."""


def record_task_run(known: Mapping[str, Entity], proposal: RecordTaskRun, at: datetime) -> Decision:
    """Record a state that a task run has entered; an older one than its newest moves nothing."""
    run = recorded_task_run(known, proposal)
    id = proposal.task_run_id if run is None else run.attributes.id
    state = structs.replace(
        proposal.state,
        state_details=structs.replace(
            proposal.state.state_details, flow_run_id=proposal.flow_run_id, task_run_id=id
        ),
    )
    current = None if run is None else run.progress.state
    version = 1 if run is None else run.progress.version + 1
    changes: tuple[Change, ...]
    if current is None or current.timestamp < state.timestamp:
        changes = _moved(run, proposal, state, at)
    elif current.id == state.id:
        changes = ()
    else:
        changes = (StateRecorded(state=state),)
    return decision(proposal, task_run_key(id), version, at, changes=changes)


def write_logs(proposal: WriteLogs, at: datetime) -> Decision:
    """Logs are always written."""
    return decision(
        proposal,
        flow_run_key(proposal.run_id),
        0,
        at,
        changes=(LogsWritten(lines=proposal.lines),),
    )


def _moved(
    run: TaskRun | None, proposal: RecordTaskRun, state: State, at: datetime
) -> tuple[Change, ...]:
    """The run as the engine tells of it, in *state*; what it does not tell of stays."""
    fields = proposal.task_run
    made = run or _made(proposal, at)
    attributes = _attributes(made.attributes, proposal.flow_run_id, fields)
    booked = _booked(made.progress.booked, fields)
    entered = StateEntered(state=state, booked=booked, left=left_by(made.progress, booked))
    changes: list[Change] = []
    count = fields.flow_run_run_count
    if count == made.progress.flow_run_run_count:
        count = UNSET
    if run is None:
        changes.append(TaskRunCreated(attributes=attributes))
    if count is not UNSET or (run is not None and attributes != run.attributes):
        changes.append(TaskRunAmended(attributes=attributes, flow_run_run_count=count))
    return (*changes, entered)


def _made(proposal: RecordTaskRun, at: datetime) -> TaskRun:
    id, fields = proposal.task_run_id, proposal.task_run
    attributes = TaskRunAttributes(
        id=id,
        name=slug_of(id) if fields.name is UNSET else fields.name,
        task_key=fields.task_key,
        dynamic_key=fields.dynamic_key,
        created=at,
        flow_run_id=proposal.flow_run_id,
    )
    return TaskRun(attributes, TaskRunProgress())


def _attributes(
    known: TaskRunAttributes, flow_run_id: UUID | None, fields: RecordedFields
) -> TaskRunAttributes:
    return structs.replace(known, flow_run_id=flow_run_id, **_given(fields, ATTRIBUTES))


def _booked(known: Bookkeeping, fields: RecordedFields) -> Bookkeeping:
    return structs.replace(known, **_given(fields, BOOKED))


def _given(fields: RecordedFields, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(fields, name)) is not UNSET}
