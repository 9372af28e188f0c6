"""flow_runs: one row per flow run, what it is and where it is now."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar, assert_never

from msgspec import UNSET, UnsetType
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    func,
)

from events.changes import (
    FlowChange,
    FlowRunAmended,
    FlowRunCreated,
    FlowRunDeleted,
    InputChange,
    LogsWritten,
    PolicyAmended,
    ResourceChange,
    SlotsChange,
    StateEntered,
    StateRecorded,
    TaskRunChange,
)
from events.decisions import Recorded
from events.instants import micros_of

from ..columns import (
    TEXT,
    Moment,
    id_column,
    indexed,
    partial_index,
    plain,
    plain_or_none,
    structure,
    text_id,
)
from ..projection import DELETE, SEEN, Projection, Row, Sql, Statement, Value, insert
from .runs import enter, entered, far_from_expected, touch

ENTER = enter("id", also="state_label = :state_label, ")
TOUCH = touch("id")
CREATE = Sql(
    insert(
        *("id", "flow_id", "name", "created", "deployment_id", "deployment_version"),
        *("work_queue_id", "work_queue_name", "work_pool_id", "work_pool_name", "flow_version"),
        *("parameters", "idempotency_key", "context", "tags", "labels", "parent_task_run_id"),
        *("parent_flow_run_id", "auto_scheduled", "infrastructure_document_id"),
        *("infrastructure_pid", "created_by", "created_by_id", "created_by_type"),
        *("job_variables", "policy", "pause_keys", "resuming", "retry_type"),
        *("run_count", "total_run_time", "updated", "version", "position"),
    )
)
AMENDED = (
    *("name", "flow_version", "parameters", "tags", "labels", "infrastructure_pid"),
    *("job_variables", "policy", "pause_keys", "resuming", "retry_type"),
)
AMEND = Sql(
    f"""
UPDATE {{table}} SET
  {"".join(f"{c} = CASE WHEN :has_{c} THEN :{c} ELSE {c} END, " for c in AMENDED)}{SEEN}
 WHERE id = :id
"""  # noqa: S608 - the text is our own
)

T = TypeVar("T")

UNCHANGED: Row = (False, None)


def table(name: str) -> Table:
    """The table of the view, under *name*.

    `running_since` is set while a run is running: its run time is the time since then.
    `state_label` is the state's name as indexes have it.
    """
    columns = Table(
        name,
        MetaData(),
        id_column("id", is_key=True),
        id_column("flow_id"),
        *(Column(text, TEXT) for text in ("name", "deployment_version", "work_queue_name")),
        *(Column(text, TEXT) for text in ("work_pool_name", "flow_version", "idempotency_key")),
        *(id_column(id) for id in ("deployment_id", "work_queue_id", "work_pool_id")),
        *(id_column(id) for id in ("parent_task_run_id", "parent_flow_run_id")),
        *(id_column(id) for id in ("infrastructure_document_id", "created_by_id", "state_id")),
        *(Column(text, TEXT) for text in ("infrastructure_pid", "created_by_type")),
        *(Column(json, TEXT) for json in ("parameters", "context", "tags", "labels")),
        *(Column(json, TEXT) for json in ("created_by", "job_variables", "policy", "state")),
        Column("auto_scheduled", Boolean, nullable=False),
        Column("pause_keys", TEXT),
        Column("resuming", Boolean),
        *(Column(text, TEXT) for text in ("retry_type", "state_type", "state_name", "state_label")),
        Column("state_timestamp", Moment),
        Column("run_count", Integer, nullable=False),
        *(Column(time, Moment) for time in ("created", "updated", "expected_start_time")),
        *(Column(time, Moment) for time in ("next_scheduled_start_time", "start_time")),
        Column("end_time", Moment),
        Column("total_run_time", Float(53), nullable=False),
        Column("running_since", BigInteger),
        Column("version", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
    )
    _index(columns)
    return columns


def started(c: Any) -> ColumnElement[Any]:
    """When a run of these columns started or, before, should; sorted by as it is indexed."""
    return func.coalesce(c.start_time, c.expected_start_time)


def _index(table: Table) -> None:
    """Lists that are asked for most are in an index in their order, however long they are."""
    of, c = f"ix_{table.name}_", table.c
    orders = {"": (), "_expected": (c.expected_start_time,), "_started": (started(c),)}
    for order, by in orders.items():
        Index(f"{of}flow{order}", c.flow_id, *by, c.id)
        Index(f"{of}state{order}", c.state_type, c.state_label, *by, c.id)
        deployed = c.deployment_id.is_not(None)
        partial_index(f"{of}deployment{order}", deployed, c.deployment_id, *by, c.id)
        if by:
            Index(f"{of}runs{order}", *by, c.id)
    Index(f"{of}parent_task_run", c.parent_task_run_id)
    Index(f"{of}parent_flow_run", c.parent_flow_run_id)
    partial_index(f"{of}running", c.running_since.is_not(None), c.running_since)
    partial_index(f"{of}running_far", far_from_expected(c), c.running_since)


def _created(recorded: Recorded, change: FlowRunCreated) -> Row:
    run, policy, decision = change.attributes, change.policy, recorded.decision
    by = run.created_by
    return (
        *(str(run.id), str(run.flow_id), plain(run.name), micros_of(run.created)),
        *(text_id(run.deployment_id), plain_or_none(run.deployment_version)),
        *(text_id(run.work_queue_id), plain_or_none(run.work_queue_name)),
        *(text_id(run.work_pool_id), plain_or_none(run.work_pool_name)),
        *(plain_or_none(run.flow_version), structure(run.parameters)),
        *(plain_or_none(run.idempotency_key), structure(run.context)),
        *(_tags(run.tags), structure(run.labels)),
        *(text_id(run.parent_task_run_id), text_id(run.parent_flow_run_id)),
        *(run.auto_scheduled, text_id(run.infrastructure_document_id)),
        *(plain_or_none(run.infrastructure_pid), structure(by)),
        *(text_id(by.id) if by else None, plain_or_none(by.type) if by else None),
        *(structure(run.job_variables), structure(policy), _keys(policy.pause_keys)),
        *(policy.resuming, policy.retry_type),
        *(0, 0.0, micros_of(decision.at), decision.version, recorded.position),
    )


def _given(value: T | UnsetType, stored: Callable[[T], Value]) -> Row:
    """Whether a column changes, and to what."""
    return UNCHANGED if value is UNSET else (True, stored(value))


def _tags(tags: list[str]) -> str | None:
    return structure([plain(tag) for tag in tags])


def _same(value: bool | str | None) -> Value:
    return value


def _keys(keys: frozenset[str] | None) -> str | None:
    return None if keys is None else structure(sorted(keys))


def _amended(change: FlowRunAmended, seen: Row) -> Row:
    policy = change.policy
    return (
        *_given(change.name, plain),
        *_given(change.flow_version, plain_or_none),
        *_given(change.parameters, structure),
        *_given(change.tags, _tags),
        *_given(change.labels, structure),
        *_given(change.infrastructure_pid, plain_or_none),
        *_given(change.job_variables, structure),
        *_given(policy, structure),
        *_given(UNSET if policy is UNSET else policy.pause_keys, _keys),
        *_given(UNSET if policy is UNSET else policy.resuming, _same),
        *_given(UNSET if policy is UNSET else policy.retry_type, _same),
        *seen,
    )


def fold(recorded: Recorded) -> Iterator[Statement]:
    """The statements that bring flow_runs up to date with one decision."""
    decision = recorded.decision
    if not decision.subject.startswith("flow_run:"):
        return
    id = decision.subject[9:]
    seen: Row = (recorded.position, micros_of(decision.at), decision.version, id)
    is_seen = decision.version == 0
    for change in decision.changes:
        match change:
            case FlowRunCreated():
                yield Statement(CREATE, _created(recorded, change))
            case StateEntered(state=state):
                is_seen = True
                yield Statement(ENTER, (indexed(state.name), *entered(change, seen)))
            case FlowRunAmended():
                is_seen = True
                yield Statement(AMEND, _amended(change, seen))
            case PolicyAmended(policy=policy):
                amended = (
                    *_given(policy.pause_keys, _keys),
                    *_given(policy.resuming, _same),
                    *_given(policy.retry_type, _same),
                )
                is_seen = True
                yield Statement(AMEND, (*UNCHANGED * 8, *amended, *seen))
            case FlowRunDeleted():
                is_seen = True
                yield Statement(DELETE, (id,))
            case StateRecorded() | TaskRunChange() | InputChange() | LogsWritten():
                pass
            case FlowChange() | ResourceChange() | SlotsChange():
                pass
            case _:
                assert_never(change)
    if not is_seen:
        yield Statement(TOUCH, seen)


flow_runs = Projection(
    name="flow_runs", version=3, table=table, kinds=(CREATE, ENTER, AMEND, TOUCH, DELETE), fold=fold
)
