"""Queries of lists: filters that must all hold, an order, and a page of at most 200."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct, field

from .filters import (
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    LogFilter,
    TaskRunFilter,
    WorkPoolFilter,
    WorkQueueFilter,
)
from .sorts import DeploymentSort, FlowRunSort, FlowSort, LogSort, TaskRunSort

LIMIT_MAX = 200
"""The size of a page when none is asked for, and of the largest page."""


Count = Annotated[int, Meta(ge=0, le=2**53)]
"""What both databases can count, with room for another page."""


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which part of a list is wanted; ValueError when it is larger than a page may be."""

    limit_max: ClassVar[int] = LIMIT_MAX
    limit: Count | None = None
    offset: Count | None = None

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit > self.limit_max:
            raise ValueError(f"Invalid limit: must be less than or equal to {self.limit_max}.")

    @property
    def size(self) -> int:
        return self.limit_max if self.limit is None else self.limit

    @property
    def skipped(self) -> int:
        return self.offset or 0


class RunFilters(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Filters on a run and on what it belongs to; all of them must hold.

    `work_pool_queues` is what some routes call `work_queues`; both may be given.
    """

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None
    work_pool_queues: WorkQueueFilter | None = None


class RunPage(Page, frozen=True, kw_only=True):
    """A page of what `RunFilters` of the same fields leave."""

    flows: FlowFilter | None = None
    flow_runs: FlowRunFilter | None = None
    task_runs: TaskRunFilter | None = None
    deployments: DeploymentFilter | None = None
    work_pools: WorkPoolFilter | None = None
    work_queues: WorkQueueFilter | None = None
    work_pool_queues: WorkQueueFilter | None = None


class FlowQuery(RunPage, frozen=True, kw_only=True):
    """A page of the flows that match, and that have a run that matches when runs are filtered."""

    sort: FlowSort | None = None


class FlowRunQuery(RunPage, frozen=True, kw_only=True):
    """A page of flow runs."""

    sort: FlowRunSort | None = None


class TaskRunQuery(RunPage, frozen=True, kw_only=True):
    """A page of task runs."""

    sort: TaskRunSort | None = None


class DeploymentQuery(RunPage, frozen=True, kw_only=True):
    """A page of the deployments that match, of flows, with runs, in pools and queues that do."""

    sort: DeploymentSort | None = None


class LogQuery(Page, frozen=True, kw_only=True):
    """A page of log lines."""

    filter: LogFilter | None = field(default=None, name="logs")
    sort: LogSort | None = None


class LimitQuery(Page, frozen=True, kw_only=True):
    """A page of the concurrency limits whose names begin with *prefix*."""

    prefix: str = ""
