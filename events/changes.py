"""Changes: what followed from a decision. They carry resulting values, so folding them is plain."""

from typing import Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from .entities import (
    Bookkeeping,
    CachedState,
    Count,
    Flow,
    FlowRunAttributes,
    FlowRunInput,
    TaskRunAttributes,
)
from .instants import Instant
from .policies import FlowRunPolicy, PolicyAmendment
from .resources.registry import AnyResource
from .slots import Lease, Limit, Slots
from .states import State, StateType


class _Change(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """A closed family; its members are listed in `Change`.

    Who folds decides about each change of what he folds, and passes over other families whole.
    """


class FlowChange(_Change, frozen=True):
    """About a flow."""


class FlowRunChange(_Change, frozen=True):
    """About a flow run, other than its state."""


class TaskRunChange(_Change, frozen=True):
    """About a task run, other than its state."""


class StateChange(_Change, frozen=True):
    """About the states of a run."""


class ResourceChange(_Change, frozen=True):
    """About a resource."""


class InputChange(_Change, frozen=True):
    """About the inputs of a flow run."""


class SlotsChange(_Change, frozen=True):
    """About a concurrency limit, its slots and leases."""


class FlowRegistered(FlowChange, frozen=True, kw_only=True, tag="flow_registered.v1"):
    """A flow is known from now on."""

    flow: Flow


class FlowAmended(FlowChange, frozen=True, kw_only=True, tag="flow_amended.v1"):
    """The tags of a flow are these from now on."""

    tags: list[str]
    updated: Instant


class FlowDeleted(FlowChange, frozen=True, kw_only=True, tag="flow_deleted.v1"):
    """A flow is gone, and its name is free."""

    id: UUID
    name: str


class FlowRunCreated(FlowRunChange, frozen=True, kw_only=True, tag="flow_run_created.v1"):
    """A flow run exists from now on."""

    attributes: FlowRunAttributes
    policy: FlowRunPolicy = FlowRunPolicy()


class TaskRunCreated(TaskRunChange, frozen=True, kw_only=True, tag="task_run_created.v1"):
    """A task run exists from now on."""

    attributes: TaskRunAttributes


class Left(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The state that a run left, and what of its bookkeeping a chart had counted.

    *expected_start_time* is when it was expected, where that is not when it is expected now.
    """

    id: UUID
    type: StateType
    name: str
    timestamp: Instant
    message: str | None = None
    start_time: Instant | None = None
    total_run_time: float = 0.0
    expected_start_time: Instant | None | UnsetType = UNSET


class StateEntered(StateChange, frozen=True, kw_only=True, tag="state_entered.v1"):
    """A run entered *state*; *booked* is its bookkeeping from now on."""

    state: State
    booked: Bookkeeping
    left: Left | None = None


class StateRecorded(StateChange, frozen=True, kw_only=True, tag="state_recorded.v1"):
    """A state that a run was in earlier became known; where the run is now does not change."""

    state: State


class PolicyAmended(FlowRunChange, frozen=True, kw_only=True, tag="policy_amended.v1"):
    """A flow run's policy changed."""

    policy: PolicyAmendment


class FlowRunAmended(FlowRunChange, frozen=True, kw_only=True, tag="flow_run_amended.v1"):
    """Somebody changed attributes of a flow run, or replaced its policy wholesale."""

    name: str | UnsetType = UNSET
    flow_version: str | None | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    labels: dict[str, Any] | UnsetType = UNSET
    infrastructure_pid: str | None | UnsetType = UNSET
    job_variables: dict[str, Any] | None | UnsetType = UNSET
    policy: FlowRunPolicy | UnsetType = UNSET


class TaskRunAmended(TaskRunChange, frozen=True, kw_only=True, tag="task_run_amended.v1"):
    """The attributes of a task run are these from now on."""

    attributes: TaskRunAttributes
    flow_run_run_count: int | UnsetType = UNSET


class FlowRunDeleted(FlowRunChange, frozen=True, kw_only=True, tag="flow_run_deleted.v1"):
    """A flow run is gone; *left* is the state that it was in, and where a chart had counted it."""

    id: UUID
    left: Left | None = None
    expected_start_time: Instant | None = None


class TaskRunDeleted(TaskRunChange, frozen=True, kw_only=True, tag="task_run_deleted.v1"):
    """A task run is gone; *place* is the key of the alias that led to it, if one did.

    *left* is the state that it was in, and where a chart had counted it.
    """

    id: UUID
    place: str | None = None
    left: Left | None = None
    expected_start_time: Instant | None = None


class TaskRunEnqueued(TaskRunChange, frozen=True, kw_only=True, tag="task_run_enqueued.v1"):
    """A background task run waits for a worker; those on the queue `retry` go first."""

    task_key: str
    queue: Literal["scheduled", "retry"]


class TaskStateCached(TaskRunChange, frozen=True, kw_only=True, tag="task_state_cached.v1"):
    """Task runs with this cache key may take over a completed state, the newest one that lasts."""

    key: str
    cached: CachedState


class ResourceStored(ResourceChange, frozen=True, kw_only=True, tag="resource_stored.v1"):
    """A resource is this from now on."""

    resource: AnyResource


class ResourceRemoved(ResourceChange, frozen=True, kw_only=True, tag="resource_removed.v1"):
    """A resource is gone."""

    kind: str
    id: UUID


class InputStored(InputChange, frozen=True, kw_only=True, tag="input_stored.v1"):
    """The flow run was given an input."""

    input: FlowRunInput


class InputsDeleted(InputChange, frozen=True, kw_only=True, tag="inputs_deleted.v1"):
    """The flow run's inputs under these keys are gone."""

    keys: list[str]


class LogLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line that a run logged; level as in Python's logging."""

    id: UUID
    name: str
    level: Count
    message: str
    timestamp: Instant
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class LogsWritten(_Change, frozen=True, kw_only=True, tag="logs_written.v1"):
    """Runs logged these lines."""

    lines: list[LogLine]


class LimitStored(SlotsChange, frozen=True, kw_only=True, tag="limit_stored.v1"):
    """A concurrency limit is this from now on; what leases hold of it stays."""

    limit: Limit


class LimitRemoved(SlotsChange, frozen=True, kw_only=True, tag="limit_removed.v1"):
    """There is no such concurrency limit any more."""

    id: UUID
    name: str


class Counted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a limit counts from now on; occupancy in seconds."""

    id: UUID
    active_slots: Slots = 0
    denied_slots: Slots = 0
    avg_slot_occupancy_seconds: float
    updated: Instant


class SlotsTaken(SlotsChange, frozen=True, kw_only=True, tag="slots_taken.v1"):
    """*slots* of each of these limits are taken; by *lease*, if there is one."""

    slots: Slots
    counted: tuple[Counted, ...] = ()
    lease: Lease | None = None


class SlotsGiven(SlotsChange, frozen=True, kw_only=True, tag="slots_given.v1"):
    """*slots* of each of these limits are free again; with *lease_id*, that lease is over."""

    slots: Slots
    counted: tuple[Counted, ...] = ()
    lease_id: UUID | None = None


class LeaseRenewed(SlotsChange, frozen=True, kw_only=True, tag="lease_renewed.v1"):
    """A lease is held until *expires* from now on; without it, until it is given."""

    lease_id: UUID
    expires: Instant | None = None


Change = (
    FlowRegistered
    | FlowAmended
    | FlowDeleted
    | FlowRunCreated
    | TaskRunCreated
    | StateEntered
    | StateRecorded
    | PolicyAmended
    | FlowRunAmended
    | TaskRunAmended
    | FlowRunDeleted
    | TaskRunDeleted
    | TaskRunEnqueued
    | TaskStateCached
    | ResourceStored
    | ResourceRemoved
    | InputStored
    | InputsDeleted
    | LogsWritten
    | LimitStored
    | LimitRemoved
    | SlotsTaken
    | SlotsGiven
    | LeaseRenewed
)
