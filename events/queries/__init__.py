"""Queries: what may be asked of the views. Their JSON is the HTTP API's; nulls mean "not given"."""

from .blocks import (
    BlockDocumentFilter,
    BlockDocumentQuery,
    BlockSchemaChecked,
    BlockSchemaFilter,
    BlockSchemaQuery,
    BlockTypeFilter,
    BlockTypeQuery,
)
from .filters import (
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    LogFilter,
    TaskRunFilter,
    WorkerFilter,
    WorkPoolFilter,
    WorkQueueFilter,
)
from .history import BUCKETS_MAX, HistoryBucket, HistoryQuery, HistoryState
from .queries import (
    LIMIT_MAX,
    DeploymentQuery,
    FlowQuery,
    FlowRunQuery,
    LimitQuery,
    LogQuery,
    Page,
    RunFilters,
    TaskRunQuery,
    WorkerQuery,
    WorkPoolQuery,
    WorkQueueQuery,
)
from .resources import KindPage, VariableFilter, VariableQuery
from .sorts import (
    BlockDocumentSort,
    DeploymentSort,
    FlowRunSort,
    FlowSort,
    LogSort,
    TaskRunSort,
    VariableSort,
)

ResourceQuery = DeploymentQuery | WorkPoolQuery | WorkQueueQuery | WorkerQuery | KindPage
"""What lists of resources can be asked for; each is about one kind."""

__all__ = [
    "BUCKETS_MAX",
    "LIMIT_MAX",
    "BlockDocumentFilter",
    "BlockDocumentQuery",
    "BlockDocumentSort",
    "BlockSchemaChecked",
    "BlockSchemaFilter",
    "BlockSchemaQuery",
    "BlockTypeFilter",
    "BlockTypeQuery",
    "DeploymentFilter",
    "DeploymentQuery",
    "DeploymentSort",
    "FlowFilter",
    "FlowQuery",
    "FlowRunFilter",
    "FlowRunQuery",
    "FlowRunSort",
    "FlowSort",
    "HistoryBucket",
    "HistoryQuery",
    "HistoryState",
    "KindPage",
    "LimitQuery",
    "LogFilter",
    "LogQuery",
    "LogSort",
    "Page",
    "ResourceQuery",
    "RunFilters",
    "TaskRunFilter",
    "TaskRunQuery",
    "TaskRunSort",
    "VariableFilter",
    "VariableQuery",
    "VariableSort",
    "WorkPoolFilter",
    "WorkPoolQuery",
    "WorkQueueFilter",
    "WorkQueueQuery",
    "WorkerFilter",
    "WorkerQuery",
]  # fmt: skip
