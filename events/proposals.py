"""Proposals: what may be asked. Each names the run it is about, and so where it is decided."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from .changes import LogLine
from .entities import Count, CreatedBy
from .identity import ProposalId
from .instants import Instant
from .policies import SECONDS_MAX, FlowRunPolicy, TaskRunPolicy
from .slots import Decay, Holder, LimitName, Slots, SomeSlots
from .states import ProposedState, State


class _Proposal(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    tag_field="type",
):
    """A closed family; its members are listed in `Proposal`.

    *at* is the instant of intake and rules know no other clock; left out, it is the time at
    which the entry reached the stream. *by* is who asks. *reply_to* names the stream, on the
    same partition, that the answer is written to.
    """

    id: ProposalId
    at: Instant | None = None
    by: str | None = None
    reply_to: str | None = None


class RegisterFlow(_Proposal, frozen=True, kw_only=True, tag="register_flow.v1"):
    """Make the flow *name* known, or find it."""

    name: str
    tags: list[str] = []
    labels: dict[str, Any] = {}


class CreateFlowRun(_Proposal, frozen=True, kw_only=True, tag="create_flow_run.v1"):
    """Create a flow run in a first state; a second creation of the same id changes nothing.

    With an *idempotency_key*, the id must be the one that `identity.flow_run_id_of` gives.
    *parent_flow_run_id* is the flow run of the parent task run.
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


class ProposeFlowRunState(_Proposal, frozen=True, kw_only=True, tag="propose_flow_run_state.v1"):
    """Ask that a flow run enter *state*; *force* asks the minimal policy instead of the core one.

    *api_version* and *client_version* are the proposer's, such as `0.8.4` and `3.9.1`; rules
    treat a missing api version as the newest.
    """

    flow_run_id: UUID
    state: ProposedState
    force: bool = False
    api_version: str | None = None
    client_version: str | None = None


class AmendFlowRun(_Proposal, frozen=True, kw_only=True, tag="amend_flow_run.v1"):
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


class FireTimer(_Proposal, frozen=True, kw_only=True, tag="fire_timer.v1"):
    """What was set for a flow run's state *state_id* is due; once it has left it, nothing is."""

    flow_run_id: UUID
    timer: TimerKind
    state_id: UUID


class DeleteFlowRun(_Proposal, frozen=True, kw_only=True, tag="delete_flow_run.v1"):
    """Forget a flow run, and those of *task_run_ids* that are its task runs.

    A flow run does not hold its task runs: the proposer names the ones that it knows.
    """

    flow_run_id: UUID
    task_run_ids: list[UUID] = []


class CreateTaskRun(_Proposal, frozen=True, kw_only=True, tag="create_task_run.v1"):
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


class AmendTaskRun(_Proposal, frozen=True, kw_only=True, tag="amend_task_run.v1"):
    """Change attributes of a task run. *flow_run_id* is its flow run, and says where it lives."""

    task_run_id: UUID
    flow_run_id: UUID | None = None
    name: str | UnsetType = UNSET


class DeleteTaskRun(_Proposal, frozen=True, kw_only=True, tag="delete_task_run.v1"):
    """Forget a task run. *flow_run_id* is its flow run, and says where it lives."""

    task_run_id: UUID
    flow_run_id: UUID | None = None


class ProposeTaskRunState(_Proposal, frozen=True, kw_only=True, tag="propose_task_run_state.v1"):
    """Ask that a task run enter *state*. *flow_run_id* is its flow run, and says where it lives."""

    task_run_id: UUID
    flow_run_id: UUID | None = None
    state: ProposedState
    force: bool = False
    api_version: str | None = None


class CacheTaskState(_Proposal, frozen=True, kw_only=True, tag="cache_task_state.v1"):
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


class RecordTaskRun(_Proposal, frozen=True, kw_only=True, tag="record_task_run.v1"):
    """A state that an engine's own task run has entered; no rule can refuse it.

    *state* keeps the id and timestamp that the engine gave it; *id*, the proposal's, is the
    event's id.
    """

    task_run_id: UUID
    flow_run_id: UUID | None = None
    state: State
    task_run: RecordedFields


class WriteLogs(_Proposal, frozen=True, kw_only=True, tag="write_logs.v1"):
    """Lines that runs of one partition logged; *run_id* is any run of it."""

    run_id: UUID
    lines: list[LogLine]


class CreateLimit(_Proposal, frozen=True, kw_only=True, tag="create_limit.v1"):
    """Create a concurrency limit. Names are unique; *limit_id* is its id, if that matters."""

    name: LimitName
    limit: Slots
    limit_id: UUID | None = None
    active: bool = True
    active_slots: Slots = 0
    denied_slots: Slots = 0
    slot_decay_per_second: Decay = 0.0


class AmendLimit(_Proposal, frozen=True, kw_only=True, tag="amend_limit.v1"):
    """Change a concurrency limit. What leases hold of it stays counted."""

    limit_id: UUID
    name: LimitName | UnsetType = UNSET
    limit: Slots | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    active_slots: Slots | UnsetType = UNSET
    denied_slots: Slots | UnsetType = UNSET
    slot_decay_per_second: Decay | UnsetType = UNSET


class DeleteLimit(_Proposal, frozen=True, kw_only=True, tag="delete_limit.v1"):
    """Forget a concurrency limit; leases of other limits stay."""

    limit_id: UUID


class ResetLimit(_Proposal, frozen=True, kw_only=True, tag="reset_limit.v1"):
    """End all leases of a concurrency limit; then one slot is taken for each of *task_run_ids*."""

    limit_id: UUID
    task_run_ids: list[UUID] = []


Seconds = Annotated[float, Meta(ge=0, le=SECONDS_MAX)]


class TakeSlots(_Proposal, frozen=True, kw_only=True, tag="take_slots.v1"):
    """Take *slots* of every limit named by name or by id, or none at all.

    With *lease_id*, a lease of this id holds them for *ttl_seconds*, or until they are given.
    While the lease *instead_of* is held, that one is renewed, and nothing is taken. Names that no
    limit has limit nothing.
    """

    names: list[LimitName] = []
    limit_ids: list[UUID] = []
    slots: SomeSlots = 1
    mode: Literal["concurrency", "rate_limit"] = "concurrency"
    lease_id: UUID | None = None
    ttl_seconds: Seconds | None = None
    holder: Holder | None = None
    instead_of: UUID | None = None


LimitNames = Annotated[list[LimitName], Meta(min_length=1)]


class GiveSlots(_Proposal, frozen=True, kw_only=True, tag="give_slots.v1"):
    """Give *slots* of these limits back that were taken without a lease."""

    names: LimitNames
    slots: SomeSlots = 1
    occupancy_seconds: Seconds | None = None


class RenewLease(_Proposal, frozen=True, kw_only=True, tag="renew_lease.v1"):
    """Hold a lease for another *ttl_seconds* from now; without them, until it is given."""

    lease_id: UUID
    ttl_seconds: Seconds | None = None


class EndLease(_Proposal, frozen=True, kw_only=True, tag="end_lease.v1"):
    """Give back what a lease holds. *is_timed*: how long it was held counts for estimates."""

    lease_id: UUID
    is_timed: bool = False


class EndLeasesOf(_Proposal, frozen=True, kw_only=True, tag="end_leases_of.v1"):
    """Give back what leases of *holder* hold, of those that hold any of these limits."""

    names: LimitNames
    holder: Holder


class ReapLease(_Proposal, frozen=True, kw_only=True, tag="reap_lease.v1"):
    """Give back what a lease holds, if it has expired."""

    lease_id: UUID


SlotProposal = (
    CreateLimit
    | AmendLimit
    | DeleteLimit
    | ResetLimit
    | TakeSlots
    | GiveSlots
    | RenewLease
    | EndLease
    | EndLeasesOf
    | ReapLease
)
"""What concerns limits and leases; all of it is decided in the control partition."""

Proposal = (
    RegisterFlow
    | CreateFlowRun
    | ProposeFlowRunState
    | AmendFlowRun
    | FireTimer
    | DeleteFlowRun
    | CreateTaskRun
    | AmendTaskRun
    | DeleteTaskRun
    | ProposeTaskRunState
    | CacheTaskState
    | RecordTaskRun
    | WriteLogs
    | CreateLimit
    | AmendLimit
    | DeleteLimit
    | ResetLimit
    | TakeSlots
    | GiveSlots
    | RenewLease
    | EndLease
    | EndLeasesOf
    | ReapLease
)
