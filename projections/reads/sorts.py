"""Sorts as SQL. What has no value to sort by comes last; the id settles what is equal.

Where two partitions may use one id, the partition settles the rest.
"""

from typing import Any

from sqlalchemy import ColumnElement

from events.queries import FlowRunSort, FlowSort, LogSort, TaskRunSort

from ..views.flow_runs import started
from .criteria import Columns

Order = tuple[ColumnElement[Any], ...]


def flow_order(c: Columns, sort: FlowSort | None) -> Order:
    """The order of flows, by name unless another is asked for."""
    orders = {
        FlowSort.CREATED_DESC: c.created.desc(),
        FlowSort.UPDATED_DESC: c.updated.desc(),
        FlowSort.NAME_ASC: c.name.asc(),
        FlowSort.NAME_DESC: c.name.desc(),
    }
    return (orders[sort or FlowSort.NAME_ASC], c.id.asc())


def flow_run_order(c: Columns, sort: FlowRunSort | None) -> Order:
    """The order of flow runs, the latest id first unless another is asked for."""
    if sort is None or sort is FlowRunSort.ID_DESC:
        return (c.id.desc(),)
    orders = {
        FlowRunSort.START_TIME_ASC: started(c).asc(),
        FlowRunSort.START_TIME_DESC: started(c).desc(),
        FlowRunSort.EXPECTED_START_TIME_ASC: c.expected_start_time.asc(),
        FlowRunSort.EXPECTED_START_TIME_DESC: c.expected_start_time.desc(),
        FlowRunSort.NAME_ASC: c.name.asc(),
        FlowRunSort.NAME_DESC: c.name.desc(),
        FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC: (c.next_scheduled_start_time.asc().nulls_last()),
        FlowRunSort.END_TIME_DESC: c.end_time.desc().nulls_last(),
    }
    return (orders[sort], *directed(sort, c.id))


def directed(sort: FlowRunSort | None, *columns: ColumnElement[Any]) -> Order:
    """*columns* as a *sort* goes, upwards or downwards."""
    is_ascending = sort is not None and sort.endswith("ASC")
    return tuple(each.asc() if is_ascending else each.desc() for each in columns)


def task_run_order(c: Columns, sort: TaskRunSort | None) -> Order:
    """The order of task runs, the latest id first unless another is asked for."""
    if sort is None or sort is TaskRunSort.ID_DESC:
        return (c.id.desc(), c.partition.desc())
    orders = {
        TaskRunSort.EXPECTED_START_TIME_ASC: c.expected_start_time.asc(),
        TaskRunSort.EXPECTED_START_TIME_DESC: c.expected_start_time.desc(),
        TaskRunSort.NAME_ASC: c.name.asc(),
        TaskRunSort.NAME_DESC: c.name.desc(),
        TaskRunSort.NEXT_SCHEDULED_START_TIME_ASC: (c.next_scheduled_start_time.asc().nulls_last()),
        TaskRunSort.END_TIME_DESC: c.end_time.desc().nulls_last(),
        TaskRunSort.DURATION_DESC: c.total_run_time.desc(),
        TaskRunSort.DURATION_ASC: c.total_run_time.asc(),
    }
    if sort.endswith("ASC"):
        return (orders[sort], c.id.asc(), c.partition.asc())
    return (orders[sort], c.id.desc(), c.partition.desc())


def log_order(c: Columns, sort: LogSort | None) -> Order:
    """The order of log lines, the oldest first unless another is asked for."""
    if sort is LogSort.TIMESTAMP_DESC:
        return (c.timestamp.desc(), c.id.desc(), c.partition.desc())
    return (c.timestamp.asc(), c.id.asc(), c.partition.asc())
