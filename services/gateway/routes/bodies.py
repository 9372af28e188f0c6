"""What clients send to create and change things, as they send it."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from events.entities import CACHE_KEY_CHARACTERS_MAX, NAME_PATTERN, Count
from events.instants import Instant
from events.policies import FlowRunPolicy, TaskRunPolicy
from events.states import ProposedState

Name = Annotated[str, Meta(pattern=NAME_PATTERN)]
Labels = dict[str, bool | int | float | str]

BULK_MAX = 50
"""How many things a bulk operation is about at most, and when nothing is said."""

BulkLimit = Annotated[int, Meta(ge=1, le=BULK_MAX)]


class Body(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed family: unknown fields are refused."""


class FlowCreate(Body, frozen=True, kw_only=True):
    """A flow to register or find."""

    name: Name
    tags: list[str] = []
    labels: Labels | None = None


class FlowRunCreate(Body, frozen=True, kw_only=True):
    """A flow run to create."""

    flow_id: UUID
    state: ProposedState | None = None
    name: str | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = {}
    context: dict[str, Any] = {}
    parent_task_run_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    empirical_policy: FlowRunPolicy = FlowRunPolicy()
    tags: list[str] = []
    labels: Labels | None = None
    idempotency_key: str | None = None
    work_pool_name: str | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] | None = None
    deployment_id: UUID | None = None


class FlowRunUpdate(Body, frozen=True, kw_only=True):
    """What of a flow run to change; what is absent stays."""

    name: str | None | UnsetType = UNSET
    flow_version: str | None | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET
    empirical_policy: FlowRunPolicy | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    infrastructure_pid: str | None | UnsetType = UNSET
    job_variables: dict[str, Any] | None | UnsetType = UNSET


class SetState(Struct, frozen=True, kw_only=True):
    """A state to enter; *force* asks for as few rules as there can be."""

    state: ProposedState
    force: bool | None = False


class _TaskInput(Struct, frozen=True, kw_only=True, tag_field="input_type"):
    """An open family: what was given to a task run, as far as the graph of its run shows it."""


class TaskRunResult(_TaskInput, frozen=True, kw_only=True, tag="task_run"):
    """The result of a task run."""

    id: UUID


class FlowRunResult(_TaskInput, frozen=True, kw_only=True, tag="flow_run"):
    """The result of a flow run."""

    id: UUID


class Parameter(_TaskInput, frozen=True, kw_only=True, tag="parameter"):
    """A parameter of the flow run."""

    name: str


class Constant(_TaskInput, frozen=True, kw_only=True, tag="constant"):
    """A value of a type."""

    type: str


TaskInput = TaskRunResult | FlowRunResult | Parameter | Constant


class TaskRunCreate(Body, frozen=True, kw_only=True):
    """A task run to create or find."""

    task_key: str
    dynamic_key: str
    id: UUID | None = None
    state: ProposedState | None = None
    name: str | None = None
    flow_run_id: UUID | None = None
    cache_key: Annotated[str, Meta(max_length=CACHE_KEY_CHARACTERS_MAX)] | None = None
    cache_expiration: Instant | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = TaskRunPolicy()
    tags: list[str] = []
    labels: Labels | None = None
    task_inputs: dict[str, list[TaskInput]] = {}


class TaskRunUpdate(Body, frozen=True, kw_only=True):
    """What of a task run to change; what is absent stays."""

    name: str | None | UnsetType = UNSET


class LogCreate(Body, frozen=True, kw_only=True):
    """A line that a run logged."""

    name: str
    level: Count
    message: str
    timestamp: Instant
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None
