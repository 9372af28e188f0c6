"""Every kind of resource, by its name, and the keys under which resources are stored."""

from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from .administration.api_keys import API_KEY, ApiKey
from .administration.configuration import CONFIGURATION, Configuration
from .administration.ip_allowlist import IP_ALLOWLIST, IpAllowlist
from .artifacts import ARTIFACT, Artifact
from .automations import AUTOMATION, Automation
from .blocks import (
    BLOCK_DOCUMENT,
    BLOCK_SCHEMA,
    BLOCK_TYPE,
    RESULT_STORAGE,
    BlockDocument,
    BlockSchema,
    BlockType,
    ResultStorage,
)
from .deployments import DEPLOYMENT, Deployment
from .notifications import (
    FLOW_RUN_NOTIFICATION_POLICY,
    NOTIFICATION,
    FlowRunNotificationPolicy,
    Notification,
)
from .resource import Kind, Resource, kind_name
from .saved_searches import SAVED_SEARCH, SavedSearch
from .variables import VARIABLE, Variable
from .work_pools import AGENT, WORK_POOL, WORK_QUEUE, WORKER, Agent, Worker, WorkPool, WorkQueue

AnyResource = (
    Agent
    | ApiKey
    | Artifact
    | Automation
    | BlockDocument
    | BlockSchema
    | BlockType
    | Configuration
    | Deployment
    | IpAllowlist
    | FlowRunNotificationPolicy
    | Notification
    | ResultStorage
    | SavedSearch
    | Variable
    | Worker
    | WorkPool
    | WorkQueue
)
"""What proposals and changes carry; the members are those of `KINDS`."""

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        AGENT,
        API_KEY,
        ARTIFACT,
        AUTOMATION,
        BLOCK_DOCUMENT,
        BLOCK_SCHEMA,
        BLOCK_TYPE,
        CONFIGURATION,
        DEPLOYMENT,
        IP_ALLOWLIST,
        FLOW_RUN_NOTIFICATION_POLICY,
        NOTIFICATION,
        RESULT_STORAGE,
        SAVED_SEARCH,
        VARIABLE,
        WORK_POOL,
        WORK_QUEUE,
        WORKER,
    )
}

NAMES = "name:"
MEMBERS = "members:"

R = TypeVar("R", bound=Resource)


def kind_of(resource: Resource) -> Kind:
    """The kind of *resource*."""
    return KINDS[kind_name(type(resource))]


@lru_cache(maxsize=64)
def children_of(kind: str) -> tuple[Kind, ...]:
    """The kinds whose resources go with one of *kind*."""
    return tuple(
        each
        for each in KINDS.values()
        if each.parent is not None and each.parent.kind == kind and each.parent.is_listed
    )


def resource_key(kind: str, id: UUID) -> str:
    """The key of a resource, and of any entity that can be a parent."""
    return f"{kind}:{id}"


def key_of(resource: Resource) -> str:
    """The key of *resource*."""
    return resource_key(kind_name(type(resource)), resource.id)


def name_key(type: type[Resource], **key: object) -> str:
    """The key of the alias that leads to the resource whose natural key this is.

    The fields go in the order of the kind's declaration, such as `flow_id` and `name`.
    """
    values = "/".join(str(value) for value in key.values())
    return f"{NAMES}{kind_name(type)}:{'+'.join(key)}:{values}"


def names_of(resource: Resource) -> tuple[str, ...]:
    """The keys of the aliases that lead to *resource*."""
    keys = ({field: getattr(resource, field) for field in key} for key in kind_of(resource).keys)
    return tuple(
        name_key(type(resource), **key)
        for key in keys
        if all(value is not None for value in key.values())
    )


def members_key(kind: str, parent_id: UUID) -> str:
    """The key of the list of resources of *kind* that go with a parent."""
    return f"{MEMBERS}{kind}:{parent_id}"


def parent_of(resource: Resource) -> tuple[str, UUID] | None:
    """The key of what *resource* goes with, and its id."""
    parent = kind_of(resource).parent
    id = None if parent is None else getattr(resource, parent.field)
    return None if parent is None or id is None else (resource_key(parent.kind, id), id)


def membership_of(resource: Resource) -> str | None:
    """The key of the list that *resource* is in, if it has a parent that lists its kind."""
    kind, parent = kind_of(resource), parent_of(resource)
    if parent is None or (kind.parent is not None and not kind.parent.is_listed):
        return None
    return members_key(kind.name, parent[1])
