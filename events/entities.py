"""Entities: what is true now of flows, flow runs and task runs; each is a fold of its decisions.

A run has two parts. Its *attributes* say what it is and change when somebody amends them; its
*progress* changes with every decision. They are stored apart, so that a transition does not
write the run's parameters again.
"""

from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, json

from .instants import Instant
from .policies import FlowRunPolicy, TaskRunPolicy
from .resources.resource import Resource
from .slots import ConcurrencyLease, ConcurrencyLimit, SlotsDecided
from .states import State

COUNT_MAX = 2**31 - 1
Count = Annotated[int, Meta(ge=-(2**31), le=COUNT_MAX)]
"""A whole number that every SQL database has room for."""

NAME_PATTERN = r"^[^/%&><]+$"
"""What flows, deployments, work pools and others may be called."""

CACHE_KEY_CHARACTERS_MAX = 2_000

DECIDED_MAX = 64
"""How many of a run's latest proposals are known again when they are repeated."""

CACHED_MAX = 16
"""How many states are cached under one key, each expiring sooner than the one before it."""

STATE_TIMES_MAX = 32
"""How many of a flow run's latest state timestamps a new one is kept apart from."""


class CreatedBy(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who or what made a run."""

    id: UUID | None = None
    type: str | None = None
    display_value: str | None = None


class Flow(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="flow.v1"):
    """A flow: the thing that runs are runs of. Names are unique."""

    id: UUID
    version: int = 0
    name: str
    tags: list[str] = []
    labels: dict[str, Any] = {}
    created: Instant
    updated: Instant


class FlowRunAttributes(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="flow_run_attributes.v1"
):
    """What a flow run is."""

    id: UUID
    flow_id: UUID
    name: str
    created: Instant
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
    tags: list[str] = []
    labels: dict[str, Any] = {}
    parent_task_run_id: UUID | None = None
    parent_flow_run_id: UUID | None = None
    auto_scheduled: bool = False
    infrastructure_document_id: UUID | None = None
    infrastructure_pid: str | None = None
    created_by: CreatedBy | None = None
    job_variables: dict[str, Any] | None = None


class TaskRunAttributes(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="task_run_attributes.v1"
):
    """What a task run is. Unique by flow run, task key and dynamic key."""

    id: UUID
    name: str
    task_key: str
    dynamic_key: str
    created: Instant
    flow_run_id: UUID | None = None
    cache_key: str | None = None
    cache_expiration: Instant | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = TaskRunPolicy()
    task_inputs: dict[str, list[dict[str, Any]]] = {}
    tags: list[str] = []
    labels: dict[str, Any] = {}


class Bookkeeping(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Counts and times that follow from the states a run has entered; run time in seconds."""

    run_count: int = 0
    expected_start_time: Instant | None = None
    next_scheduled_start_time: Instant | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    total_run_time: float = 0.0


NOTHING_BOOKED = Bookkeeping()


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a run is: its state, its counts, and the proposals already decided for it.

    `version` counts the run's decisions. `decided` maps the ids of the latest proposals to the
    log entries that answered them, oldest first.
    """

    version: int = 0
    updated: Instant | None = None
    state: State | None = None
    booked: Bookkeeping = NOTHING_BOOKED
    decided: dict[str, str] = {}


class FlowRunProgress(
    Progress, frozen=True, kw_only=True, omit_defaults=True, tag="flow_run_progress.v1"
):
    """Where a flow run is. `state_times` are microseconds since 1970, oldest first."""

    policy: FlowRunPolicy = FlowRunPolicy()
    state_times: tuple[int, ...] = ()


class TaskRunProgress(
    Progress, frozen=True, kw_only=True, omit_defaults=True, tag="task_run_progress.v1"
):
    """Where a task run is."""

    flow_run_run_count: int = 0


class FlowRun(Struct, frozen=True):
    """A flow run: what it is and where it is."""

    attributes: FlowRunAttributes
    progress: FlowRunProgress


class TaskRun(Struct, frozen=True):
    """A task run: what it is and where it is."""

    attributes: TaskRunAttributes
    progress: TaskRunProgress


class Alias(Struct, frozen=True, kw_only=True, tag="alias.v1"):
    """A natural key's way to an id, such as a flow's name or a task run's place in its flow run."""

    id: UUID


class Members(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="members.v1"):
    """The resources of one kind that go with a parent, in the order in which they came to be."""

    ids: tuple[UUID, ...] = ()


class CachedState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A completed state of a task run that others may take over until *expiration*."""

    state: State
    expiration: Instant | None = None


class TaskCache(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="task_cache.v1"):
    """What is cached under one key, newest first.

    An entry that expires no later than a newer one can never be asked for again and is dropped.
    """

    key: str
    version: int = 0
    cached: tuple[CachedState, ...] = ()
    decided: dict[str, str] = {}


class FlowRunInput(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="flow_run_input.v1"):
    """Text that a flow run was given under a key; *sender* is who gave it."""

    id: UUID
    flow_run_id: UUID
    key: str
    value: str
    sender: str | None = None
    created: Instant

    @property
    def decoded_value(self) -> Any:
        """The JSON value that the text is; `msgspec.DecodeError` when it is none."""
        return json.decode(self.value)


class FlowRunInputs(Struct, frozen=True, kw_only=True, tag="flow_run_inputs.v1"):
    """The keys of a flow run's inputs, in the order in which they were stored."""

    keys: tuple[str, ...]


Entity = (
    Flow
    | FlowRun
    | TaskRun
    | Alias
    | Members
    | Resource
    | TaskCache
    | FlowRunInput
    | FlowRunInputs
    | ConcurrencyLimit
    | ConcurrencyLease
    | SlotsDecided
)


KEYS_MAX = 4_096
"""How many keys of runs are kept: each is asked for several times while a proposal is decided."""


def flow_key(id: UUID) -> str:
    """The key of a flow."""
    return f"flow:{id}"


def flow_name_key(name: str) -> str:
    """The key of a flow by its name."""
    return f"flow_name:{name}"


def flow_run_key(id: UUID) -> str:
    """The key of a flow run."""
    return _flow_run_key(id.int)


@lru_cache(maxsize=KEYS_MAX)
def _flow_run_key(number: int) -> str:
    # kept by number: ids hash and compare in Python, numbers in C
    return f"flow_run:{UUID(int=number)}"


def task_run_key(id: UUID) -> str:
    """The key of a task run."""
    return _task_run_key(id.int)


@lru_cache(maxsize=KEYS_MAX)
def _task_run_key(number: int) -> str:
    return f"task_run:{UUID(int=number)}"


@lru_cache(maxsize=KEYS_MAX)
def task_place_key(flow_run_id: UUID | None, task_key: str, dynamic_key: str) -> str:
    """The key of a task run by its natural key; for runs without flow run, see `identity`."""
    return f"task_place:{flow_run_id or ''}:{task_key}:{dynamic_key}"


def flow_run_inputs_key(flow_run_id: UUID) -> str:
    """The key of what says which inputs a flow run has."""
    return f"flow_run_inputs:{flow_run_id}"


def flow_run_input_key(flow_run_id: UUID, key: str) -> str:
    """The key of one input of a flow run."""
    return f"flow_run_input:{flow_run_id}:{key}"


TASK_CACHE = "task_cache:"


def task_cache_key(cache_id: UUID) -> str:
    """The key of what is cached under the key that `identity.cache_id_of` gave this id."""
    return f"{TASK_CACHE}{cache_id}"
