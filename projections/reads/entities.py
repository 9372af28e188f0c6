"""Rows as entities. What only deciding needs, a run's decided proposals, is not in the views."""

from operator import itemgetter
from typing import Any

from msgspec import json, structs
from sqlalchemy import Row

from events.changes import LogLine
from events.entities import (
    Bookkeeping,
    CreatedBy,
    Flow,
    FlowRun,
    FlowRunAttributes,
    FlowRunProgress,
    TaskRun,
    TaskRunAttributes,
    TaskRunProgress,
)
from events.policies import FlowRunPolicy
from events.states import State

from .filters import flow_runs

AnyRow = Row[*tuple[Any, ...]]

_states = json.Decoder(State)
_policies = json.Decoder(FlowRunPolicy)
_creators = json.Decoder(CreatedBy)
_task_runs = json.Decoder(TaskRunAttributes)
_tags = json.Decoder(list[str])
_keys = json.Decoder(frozenset[str])
_mappings = json.Decoder(dict[str, Any])

SAME = (
    *("id", "flow_id", "name", "created", "deployment_id", "deployment_version"),
    *("work_queue_id", "work_queue_name", "work_pool_id", "work_pool_name", "flow_version"),
    *("idempotency_key", "parent_task_run_id", "parent_flow_run_id", "auto_scheduled"),
    *("infrastructure_document_id", "infrastructure_pid"),
)
"""Attributes of a flow run that are columns as they are."""

_columns = list(flow_runs.c.keys())
_same = itemgetter(*(_columns.index(name) for name in SAME))
"""By place: asking a row for each by name took a third of a page's time."""


def state_of(text: str) -> State:
    """A state as it is stored."""
    return _states.decode(text)


def flow_of(row: AnyRow) -> Flow:
    """A flow from its row."""
    return Flow(
        id=row.id,
        version=row.version,
        name=row.name,
        tags=_tags.decode(row.tags),
        labels=_mappings.decode(row.labels),
        created=row.created,
        updated=row.updated,
    )


def _progress(row: AnyRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "updated": row.updated,
        "state": None if row.state is None else state_of(row.state),
        "booked": Bookkeeping(
            run_count=row.run_count,
            expected_start_time=row.expected_start_time,
            next_scheduled_start_time=row.next_scheduled_start_time,
            start_time=row.start_time,
            end_time=row.end_time,
            total_run_time=row.total_run_time,
        ),
    }


def flow_run_of(row: AnyRow) -> FlowRun:
    """A flow run from its row."""
    attributes = FlowRunAttributes(
        **dict(zip(SAME, _same(row), strict=True)),
        parameters=_mappings.decode(row.parameters),
        context=_mappings.decode(row.context),
        tags=_tags.decode(row.tags),
        labels=_mappings.decode(row.labels),
        created_by=None if row.created_by is None else _creators.decode(row.created_by),
        job_variables=None if row.job_variables is None else _mappings.decode(row.job_variables),
    )
    policy = structs.replace(
        _policies.decode(row.policy),
        pause_keys=None if row.pause_keys is None else _keys.decode(row.pause_keys),
        resuming=row.resuming,
        retry_type=row.retry_type,
    )
    return FlowRun(attributes, FlowRunProgress(policy=policy, **_progress(row)))


def task_run_of(row: AnyRow) -> TaskRun:
    """A task run from its row."""
    progress = TaskRunProgress(flow_run_run_count=row.flow_run_run_count, **_progress(row))
    return TaskRun(_task_runs.decode(row.attributes), progress)


def log_line_of(row: AnyRow) -> LogLine:
    """A log line from its row."""
    return LogLine(
        id=row.id,
        name=row.name,
        level=row.level,
        message=row.message,
        timestamp=row.timestamp,
        flow_run_id=row.flow_run_id,
        task_run_id=row.task_run_id,
    )
