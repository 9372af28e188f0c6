"""What clients send about work pools, queues and workers, as they send it."""

import re
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, json

from events.resources.work_pools import HeartbeatSeconds

from ..bodies import Body, Name

Slots = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Positive = Annotated[int, Meta(gt=0, le=2**31 - 1)]

_placeholder = re.compile(r"{{\s*([\w.\-\[\]]+)\s*}}")


def is_reserved(name: str) -> bool:
    """Whether nobody may call a work pool so."""
    return name.lower().startswith("prefect")


def undeclared(template: dict[str, Any]) -> str | None:
    """What is wrong with a job template: a part is missing, or a variable is nowhere declared."""
    if not template:
        return None
    if not {"job_configuration", "variables"} <= template.keys():
        return (
            "The `base_job_template` must contain both a `job_configuration` key and a"
            " `variables` key."
        )
    used = set(_placeholder.findall(json.encode(template["job_configuration"]).decode()))
    variables: Any = template["variables"]
    declared: Any = (
        cast("dict[str, Any]", variables).get("properties", {})
        if isinstance(variables, dict)
        else {}
    )
    missing = sorted(name for name in used - {*declared} if not name.startswith("prefect."))
    if not missing:
        return None
    return (
        "The variables specified in the job configuration template must be present as properties"
        " in the variables schema. Your job configuration uses the following undeclared"
        f" variable(s): {' ,'.join(missing)}."
    )


class WorkPoolCreate(Body, frozen=True, kw_only=True):
    """A work pool to create."""

    name: Name
    description: str | None = None
    type: str = "prefect-agent"
    base_job_template: dict[str, Any] = {}
    is_paused: bool = False
    concurrency_limit: Slots | None = None
    storage_configuration: dict[str, Any] = {}


class WorkPoolUpdate(Body, frozen=True, kw_only=True):
    """What of a work pool to change; what is absent stays."""

    description: str | None | UnsetType = UNSET
    is_paused: bool | None | UnsetType = UNSET
    base_job_template: dict[str, Any] | None | UnsetType = UNSET
    concurrency_limit: Slots | None | UnsetType = UNSET
    storage_configuration: dict[str, Any] | None | UnsetType = UNSET


class QueueFilter(Struct, frozen=True, kw_only=True):
    """An open family: runs with all of these tags, of one of these deployments."""

    tags: list[str] | None = None
    deployment_ids: list[UUID] | None = None


class WorkQueueCreate(Body, frozen=True, kw_only=True):
    """A queue to create, the least urgent one unless a priority says otherwise."""

    name: Name
    description: str | None = ""
    is_paused: bool = False
    concurrency_limit: Slots | None = None
    priority: Positive | None = None
    filter: QueueFilter | None = None


class WorkQueueUpdate(Body, frozen=True, kw_only=True):
    """What of a queue to change; what is absent stays."""

    name: Name | None | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    is_paused: bool | UnsetType = UNSET
    concurrency_limit: Slots | None | UnsetType = UNSET
    priority: Positive | None | UnsetType = UNSET
    last_polled: datetime | None | UnsetType = UNSET
    filter: QueueFilter | None | UnsetType = UNSET


class Heartbeat(Body, frozen=True, kw_only=True):
    """A sign of life."""

    name: str
    heartbeat_interval_seconds: HeartbeatSeconds | None = None


class WaitingRunsAsked(Struct, frozen=True, kw_only=True):
    """Which queues' runs are wanted, and when they are due."""

    work_queue_names: list[str] | None = None
    scheduled_before: datetime | None = None
    scheduled_after: datetime | None = None
    limit: int | None = None


class QueueRunsAsked(WaitingRunsAsked, frozen=True, kw_only=True):
    """The same of one queue; an agent says who asks."""

    agent_id: UUID | None = None
