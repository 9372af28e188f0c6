"""Deployments: a flow made ready to be run by others, with what its runs are given."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from ..entities import Count, CreatedBy
from ..instants import Instant
from .resource import Kind, Parent, Resource
from .schedules import DeploymentSchedule

GRACE_SECONDS_MIN, GRACE_SECONDS_MAX = 60, 86_400
"""How long a slot may be kept for a run that starts."""


class ConcurrencyOptions(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a run that finds no slot, and how long a slot is kept for one that starts."""

    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: (
        Annotated[int, Meta(ge=GRACE_SECONDS_MIN, le=GRACE_SECONDS_MAX)] | None
    ) = None


class Deployment(Resource, frozen=True, kw_only=True, tag="deployment.v1"):
    """A deployment. Names are unique within a flow.

    *concurrency_limit* is how many of its runs may be under way at once, *last_polled* when
    somebody last asked for its runs.
    """

    flow_id: UUID
    name: str
    version: str | None = None
    version_info: dict[str, Any] | None = None
    description: str | None = None
    tags: list[str] = []
    labels: dict[str, Any] = {}
    paused: bool = False
    schedules: list[DeploymentSchedule] = []
    parameters: dict[str, Any] = {}
    parameter_openapi_schema: dict[str, Any] | None = None
    enforce_parameter_schema: bool = True
    concurrency_limit: Count | None = None
    concurrency_options: ConcurrencyOptions | None = None
    global_concurrency_limit_id: UUID | None = None
    work_pool_id: UUID | None = None
    work_pool_name: str | None = None
    work_queue_id: UUID | None = None
    work_queue_name: str | None = None
    job_variables: dict[str, Any] = {}
    pull_steps: list[dict[str, Any]] | None = None
    path: str | None = None
    entrypoint: str | None = None
    storage_document_id: UUID | None = None
    infrastructure_document_id: UUID | None = None
    created_by: CreatedBy | None = None
    updated_by: CreatedBy | None = None
    status: Literal["READY", "NOT_READY"] = "NOT_READY"
    last_polled: Instant | None = None


DEPLOYMENT = Kind(
    type=Deployment,
    keys=(("flow_id", "name"),),
    parent=Parent("flow", "flow_id"),
    fixed=frozenset({"flow_id"}),
    shown=(
        *("paused", "work_queue_name", "work_queue_id", "work_pool_name", "work_pool_id"),
        *("concurrency_limit", "status"),
    ),
)
