"""Proposals about flows and runs."""

from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from ..changes import LogLine
from ..entities import Count, CreatedBy
from ..instants import Instant
from ..policies import FlowRunPolicy, TaskRunPolicy
from ..states import ProposedState, State
from .proposal import AnyProposal


class RegisterFlow(AnyProposal, frozen=True, kw_only=True, tag="register_flow.v1"):
    """Make the flow *name* known, or find it."""

    name: str
    tags: list[str] = []
    labels: dict[str, Any] = {}


class AmendFlow(AnyProposal, frozen=True, kw_only=True, tag="amend_flow.v1"):
    """Give a flow these tags instead of its own; None leaves them."""

    flow_id: UUID
    tags: list[str] | None = None


class DeleteFlow(AnyProposal, frozen=True, kw_only=True, tag="delete_flow.v1"):
    """Forget a flow and its deployments; its runs are deleted by who knows them."""

    flow_id: UUID


class CreateFlowRun(AnyProposal, frozen=True, kw_only=True, tag="create_flow_run.v1"):
    """Create a flow run in a first state; a second creation of the same id changes nothing.

    With an *idempotency_key*, the id must be the one that `identity.flow_run_id_of` gives.
    *parent_flow_run_id* is the flow run of the parent task run; *api_version* the proposer's.
    """

    flow_run_id: UUID
    flow_id: UUID
    name: str | None = None
    state: ProposedState | None = None
    deployment_id: UUID | None = None
    deployment_version: str | None = None
    work_queue_id: UUID | None = None
    work_queue_name: str | None = None
    work_pool_id: UUID | None = None
    work_pool_name: str | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = {}
    idempotency_key: str | None = None
    context: dict[str, Any] = {}
    empirical_policy: FlowRunPolicy = FlowRunPolicy()
    tags: list[str] = []
    labels: dict[str, Any] = {}
    parent_task_run_id: UUID | None = None
    parent_flow_run_id: UUID | None = None
    auto_scheduled: bool = False
    infrastructure_document_id: UUID | None = None
    infrastructure_pid: str | None = None
    created_by: CreatedBy | None = None
    job_variables: dict[str, Any] | None = None
    api_version: str | None = None


class ProposeFlowRunState(AnyProposal, frozen=True, kw_only=True, tag="propose_flow_run_state.v1"):
    """Ask that a flow run enter *state*; *force* asks the minimal policy instead of the core one.

    *api_version* and *client_version* are the proposer's, such as `0.8.4` and `3.9.1`; rules
    treat a missing api version as the newest. *unless_final* leaves a run alone that has ended.
    """

    flow_run_id: UUID
    state: ProposedState
    force: bool = False
    unless_final: bool = False
    api_version: str | None = None
    client_version: str | None = None


class AmendFlowRun(AnyProposal, frozen=True, kw_only=True, tag="amend_flow_run.v1"):
    """Change attributes of a flow run; *empirical_policy* replaces the policy wholesale.

    *labels* are merged into the run's, everything else replaces.
    """

    flow_run_id: UUID
    name: str | UnsetType = UNSET
    flow_version: str | None | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    labels: dict[str, Any] | UnsetType = UNSET
    infrastructure_pid: str | None | UnsetType = UNSET
    job_variables: dict[str, Any] | None | UnsetType = UNSET
    empirical_policy: FlowRunPolicy | UnsetType = UNSET


TimerKind = Literal["late", "pause", "cancelling"]
"""What may become due for the state that a flow run is in."""


class FireTimer(AnyProposal, frozen=True, kw_only=True, tag="fire_timer.v1"):
    """What was set for a flow run's state *state_id* is due; once it has left it, nothing is."""

    flow_run_id: UUID
    timer: TimerKind
    state_id: UUID


class UnscheduleFlowRun(AnyProposal, frozen=True, kw_only=True, tag="unschedule_flow_run.v1"):
    """Forget a flow run that still waits, in its state *state_id*, for its first start."""

    flow_run_id: UUID
    state_id: UUID


class DeleteFlowRun(AnyProposal, frozen=True, kw_only=True, tag="delete_flow_run.v1"):
    """Forget a flow run, and those of *task_run_ids* that are its task runs.

    A flow run does not hold its task runs: the proposer names the ones that it knows.
    """

    flow_run_id: UUID
    task_run_ids: list[UUID] = []


class CreateTaskRun(AnyProposal, frozen=True, kw_only=True, tag="create_task_run.v1"):
    """Create a task run, or find the one that has its natural key.

    Without *task_run_id* the id is the one that `identity.task_run_id_of` gives.
    """

    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
    task_key: str
    dynamic_key: str
    name: str | None = None
    state: ProposedState | None = None
    cache_key: str | None = None
    cache_expiration: Instant | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = TaskRunPolicy()
    task_inputs: dict[str, list[dict[str, Any]]] = {}
    tags: list[str] = []
    labels: dict[str, Any] = {}


class AmendTaskRun(AnyProposal, frozen=True, kw_only=True, tag="amend_task_run.v1"):
    """Change attributes of a task run. *flow_run_id* is its flow run, and says where it lives."""

    task_run_id: UUID
    flow_run_id: UUID | None = None
    name: str | UnsetType = UNSET


class DeleteTaskRun(AnyProposal, frozen=True, kw_only=True, tag="delete_task_run.v1"):
    """Forget a task run. *flow_run_id* is its flow run, and says where it lives."""

    task_run_id: UUID
    flow_run_id: UUID | None = None


class ProposeTaskRunState(AnyProposal, frozen=True, kw_only=True, tag="propose_task_run_state.v1"):
    """Ask that a task run enter *state*. *flow_run_id* is its flow run, and says where it lives.

    *unless_final* leaves a run alone that has ended.
    """

    task_run_id: UUID
    flow_run_id: UUID | None = None
    state: ProposedState
    force: bool = False
    unless_final: bool = False
    api_version: str | None = None


class CacheTaskState(AnyProposal, frozen=True, kw_only=True, tag="cache_task_state.v1"):
    """Let task runs with the cache key *key* take over *state* until *expiration*."""

    key: str
    state: State
    expiration: Instant | None = None


class RecordedFields(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an engine says of its task run; absent fields stay as they are. Times in seconds."""

    task_key: str
    dynamic_key: str
    name: str | UnsetType = UNSET
    empirical_policy: TaskRunPolicy | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    labels: dict[str, Any] | UnsetType = UNSET
    task_inputs: dict[str, list[dict[str, Any]]] | UnsetType = UNSET
    task_version: str | UnsetType = UNSET
    cache_key: str | UnsetType = UNSET
    cache_expiration: Instant | UnsetType = UNSET
    run_count: Count | UnsetType = UNSET
    flow_run_run_count: Count | UnsetType = UNSET
    expected_start_time: Instant | UnsetType = UNSET
    next_scheduled_start_time: Instant | UnsetType = UNSET
    start_time: Instant | UnsetType = UNSET
    end_time: Instant | UnsetType = UNSET
    total_run_time: float | UnsetType = UNSET


class RecordTaskRun(AnyProposal, frozen=True, kw_only=True, tag="record_task_run.v1"):
    """A state that an engine's own task run has entered; no rule can refuse it.

    *state* keeps the id and timestamp that the engine gave it; *id*, the proposal's, is the
    event's id.
    """

    task_run_id: UUID
    flow_run_id: UUID | None = None
    state: State
    task_run: RecordedFields


class WriteLogs(AnyProposal, frozen=True, kw_only=True, tag="write_logs.v1"):
    """Lines that runs of one partition logged; *run_id* is any run of it."""

    run_id: UUID
    lines: list[LogLine]
