"""Queries of resources that are asked about themselves and, at most, the runs that they are of.

A demand is on the field of the same name, so that no more than this has to be said of a kind.
"""

from typing import ClassVar

from msgspec import field

from .criteria import (
    Combined,
    Criterion,
    Equals,
    Holds,
    IdIsAny,
    InstantIs,
    KeyIs,
    NameIs,
    TagsAre,
    TextIs,
    TextIsAny,
)
from .filters import (
    AgentFilter,
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    TaskRunFilter,
    WorkerFilter,
    WorkPoolFilter,
    WorkQueueFilter,
)
from .queries import Page
from .sorts import ArtifactSort, AutomationSort, VariableSort


class KindPage(Page, frozen=True, kw_only=True):
    """A page of the resources of *kind* for which the filter in the field *filtered* holds.

    They are in the order of *ordered* when no `sort` is asked for.
    """

    kind: ClassVar[str]
    filtered: ClassVar[str]
    ordered: ClassVar[str] = "NAME_ASC"

    @property
    def demands(self) -> Criterion | None:
        """What is demanded of a resource."""
        return getattr(self, self.filtered)

    @property
    def order(self) -> str:
        """A field's name in capitals, and `_ASC` or `_DESC`."""
        return getattr(self, "sort", None) or self.ordered


class VariableFilter(Combined, frozen=True, kw_only=True):
    """Which variables."""

    id: IdIsAny | None = None
    name: NameIs | None = None
    tags: TagsAre | None = None


class VariableQuery(KindPage, frozen=True, kw_only=True):
    """A page of variables."""

    kind = "variable"
    filtered = "variables"

    variables: VariableFilter | None = None
    sort: VariableSort | None = None


class WorkPoolQuery(KindPage, frozen=True, kw_only=True):
    """A page of work pools."""

    kind = "work_pool"
    filtered = "work_pools"

    work_pools: WorkPoolFilter | None = None


class WorkQueueQuery(KindPage, frozen=True, kw_only=True):
    """A page of work queues, the most urgent first."""

    kind = "work_queue"
    filtered = "work_queues"

    work_queues: WorkQueueFilter | None = None


class WorkerQuery(KindPage, frozen=True, kw_only=True):
    """A page of workers, the liveliest first."""

    kind = "worker"
    filtered = "workers"

    workers: WorkerFilter | None = None


class AgentQuery(KindPage, frozen=True, kw_only=True):
    """A page of agents, the liveliest first."""

    kind = "agent"
    filtered = "agents"

    agents: AgentFilter | None = None


class ArtifactFilter(Combined, frozen=True, kw_only=True):
    """Which artifacts."""

    id: IdIsAny | None = None
    key: KeyIs | None = None
    flow_run_id: IdIsAny | None = None
    task_run_id: IdIsAny | None = None
    type: TextIs | None = None


class LatestArtifactFilter(Combined, frozen=True, kw_only=True):
    """Which of the artifacts that are the newest of their key."""

    id: IdIsAny | None = field(default=None, name="latest_id")
    key: KeyIs | None = None
    flow_run_id: IdIsAny | None = None
    task_run_id: IdIsAny | None = None
    type: TextIs | None = None


class OfRunsPage(KindPage, frozen=True, kw_only=True):
    """A page of resources of runs that match as well; one of no run matches no such filter."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None


class ArtifactQuery(OfRunsPage, frozen=True, kw_only=True):
    """A page of artifacts."""

    kind = "artifact"
    filtered = "artifacts"
    ordered = "ID_DESC"

    artifacts: ArtifactFilter | None = None
    sort: ArtifactSort | None = None


class LatestArtifactQuery(OfRunsPage, frozen=True, kw_only=True):
    """A page of those artifacts that are the newest of their key."""

    kind = "artifact"
    filtered = "artifacts"
    ordered = "ID_DESC"

    artifacts: LatestArtifactFilter | None = None
    sort: ArtifactSort | None = None


class AutomationFilter(Combined, frozen=True, kw_only=True):
    """Which automations."""

    id: IdIsAny | None = None
    name: TextIsAny | None = None
    created: InstantIs | None = None
    tags: TagsAre | None = None


class AutomationQuery(KindPage, frozen=True, kw_only=True):
    """A page of automations."""

    kind = "automation"
    filtered = "automations"

    automations: AutomationFilter | None = None
    sort: AutomationSort | None = None


class RelatedFilter(Combined, frozen=True, kw_only=True):
    """Which automations have to do with a resource: are owned by it, or related to it at all."""

    owner_resource: TextIsAny | None = None
    related: Holds | None = None


class RelatedQuery(KindPage, frozen=True, kw_only=True):
    """A page of the automations that have to do with a resource."""

    kind = "automation"
    filtered = "related"

    related: RelatedFilter | None = None


class SavedSearchQuery(KindPage, frozen=True, kw_only=True):
    """A page of saved searches."""

    kind = "saved_search"
    filtered = "searches"

    searches: ClassVar[None] = None


class NotificationPolicyFilter(Criterion, frozen=True, kw_only=True):
    """Which notification policies."""

    is_active: Equals | None = None


class NotificationPolicyQuery(KindPage, frozen=True, kw_only=True):
    """A page of notification policies, the oldest first."""

    kind = "flow_run_notification_policy"
    filtered = "flow_run_notification_policy_filter"
    ordered = "ID_ASC"

    flow_run_notification_policy_filter: NotificationPolicyFilter | None = None


class NotificationFilter(Combined, frozen=True, kw_only=True):
    """Which notifications."""

    id: IdIsAny | None = None
    flow_run_id: IdIsAny | None = None
    outcome: TextIsAny | None = None


class NotificationQuery(KindPage, frozen=True, kw_only=True):
    """A page of notifications, the newest first."""

    kind = "notification"
    filtered = "notifications"
    ordered = "CREATED_DESC"

    notifications: NotificationFilter | None = None


class ConfigurationFilter(Combined, frozen=True, kw_only=True):
    """Which configuration."""

    id: IdIsAny | None = None
    key: NameIs | None = None


class ConfigurationQuery(KindPage, frozen=True, kw_only=True):
    """A page of configuration."""

    kind = "configuration"
    filtered = "configurations"
    ordered = "KEY_ASC"

    configurations: ConfigurationFilter | None = None
