"""Queries: what may be asked of the views. Their JSON is the HTTP API's; nulls mean "not given"."""

from .filters import (
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    LogFilter,
    TaskRunFilter,
    WorkPoolFilter,
    WorkQueueFilter,
)
from .history import BUCKETS_MAX, HistoryBucket, HistoryQuery, HistoryState
from .queries import LIMIT_MAX, FlowQuery, FlowRunQuery, LogQuery, RunFilters, TaskRunQuery
from .sorts import FlowRunSort, FlowSort, LogSort, TaskRunSort

__all__ = [
    "BUCKETS_MAX", "LIMIT_MAX", "DeploymentFilter", "FlowFilter", "FlowQuery", "FlowRunFilter",
    "FlowRunQuery", "FlowRunSort", "FlowSort", "HistoryBucket", "HistoryQuery", "HistoryState",
    "LogFilter", "LogQuery", "LogSort", "RunFilters", "TaskRunFilter", "TaskRunQuery",
    "TaskRunSort", "WorkPoolFilter", "WorkQueueFilter",
]  # fmt: skip
