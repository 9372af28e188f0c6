"""Flows and their runs."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from events.entities import CACHE_KEY_CHARACTERS_MAX

from .inputs import AnyTaskRunInput
from .model import DateTime, Model, Name, ObjectBaseModel, Slugged
from .policies import FlowRunPolicy, TaskRunPolicy
from .states import State, StateType

ESTIMATES = {"estimated_run_time", "estimated_start_time_delta"}
"""What is computed when somebody reads a run, so that it differs from one reading to the next."""


class CreatedBy(Model):
    """Who or what made a run or a deployment."""

    id: UUID | None = None
    type: str | None = None
    display_value: str | None = None


class UpdatedBy(Model):
    """Who or what last changed a deployment."""

    id: UUID | None = None
    type: str | None = None
    display_value: str | None = None


class Flow(ObjectBaseModel):
    """A flow: what runs are runs of."""

    name: Name
    tags: list[str] = []
    labels: dict[str, Any] | None = {}


class FlowRun(Slugged):
    """A run of a flow. Two are equal whatever was estimated when they were read."""

    flow_id: UUID
    state_id: UUID | None = None
    deployment_id: UUID | None = None
    deployment_version: str | None = None
    work_queue_name: str | None = None
    flow_version: str | None = None
    parameters: dict[str, Any] = {}
    idempotency_key: str | None = None
    context: dict[str, Any] = {}
    empirical_policy: FlowRunPolicy = Field(default_factory=FlowRunPolicy)
    tags: list[str] = []
    labels: dict[str, Any] | None = {}
    parent_task_run_id: UUID | None = None
    run_count: int = 0
    expected_start_time: DateTime | None = None
    next_scheduled_start_time: DateTime | None = None
    start_time: DateTime | None = None
    end_time: DateTime | None = None
    total_run_time: timedelta = timedelta(0)
    estimated_run_time: timedelta = timedelta(0)
    estimated_start_time_delta: timedelta = timedelta(0)
    auto_scheduled: bool = False
    infrastructure_document_id: UUID | None = None
    infrastructure_pid: str | None = None
    created_by: CreatedBy | None = None
    work_queue_id: UUID | None = None
    work_pool_id: UUID | None = None
    work_pool_name: str | None = None
    state: State | None = None
    job_variables: dict[str, Any] | None = None
    state_type: StateType | None = None
    state_name: str | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FlowRun):
            return NotImplemented
        if type(self) is not type(other):
            return False
        return self.model_dump(exclude=ESTIMATES) == other.model_dump(exclude=ESTIMATES)

    __hash__ = None  # pyright: ignore[reportAssignmentType] - a run can be changed


class TaskRun(Slugged):
    """A run of a task, by itself or in a flow run."""

    flow_run_id: UUID | None = None
    task_key: str
    dynamic_key: str
    cache_key: Annotated[str, Field(max_length=CACHE_KEY_CHARACTERS_MAX)] | None = None
    cache_expiration: DateTime | None = None
    task_version: str | None = None
    empirical_policy: TaskRunPolicy = Field(default_factory=TaskRunPolicy)
    tags: list[str] = []
    labels: dict[str, Any] | None = {}
    state_id: UUID | None = None
    task_inputs: dict[str, list[AnyTaskRunInput]] = {}
    state_type: StateType | None = None
    state_name: str | None = None
    run_count: int = 0
    flow_run_run_count: int = 0
    expected_start_time: DateTime | None = None
    next_scheduled_start_time: DateTime | None = None
    start_time: DateTime | None = None
    end_time: DateTime | None = None
    total_run_time: timedelta = timedelta(0)
    estimated_run_time: timedelta = timedelta(0)
    estimated_start_time_delta: timedelta = timedelta(0)
    state: State | None = None
