"""Filters as SQL: which flows, runs and log lines match; no condition means all of them.

Filters on deployments, pools and queues match what a run itself knows of them, which costs no
second table; for the rest their view is asked.
"""

from msgspec import structs

from events.queries import (
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    LogFilter,
    RunFilters,
    TaskRunFilter,
    WorkPoolFilter,
    WorkQueueFilter,
)
from events.queries.queries import RunPage
from events.resources.work_pools import WORK_POOL

from ..views.flow_runs import flow_runs as flow_runs_view
from ..views.flows import flows as flows_view
from ..views.logs import logs as logs_view
from ..views.task_runs import task_runs as task_runs_view
from .criteria import (
    Columns,
    Conditions,
    among,
    combined,
    created_by,
    found_in,
    in_state,
    levelled,
    named,
    null,
    related,
    some,
    starting,
    tagged,
    timed,
)
from .demands import demanded, deployments_demanded, resources

Filters = RunFilters | RunPage

flows = flows_view.table(flows_view.name)
flow_runs = flow_runs_view.table(flow_runs_view.name)
task_runs = task_runs_view.table(task_runs_view.name)
logs = logs_view.table(logs_view.name)


def flow_conditions(columns: Columns, flow: FlowFilter | None) -> Conditions:
    """Which flows match."""
    if flow is None:
        return []
    found: Conditions = []
    if flow.id is not None:
        found += among(columns.id, flow.id.any_, flow.id.not_any_)
    if flow.deployment is not None and flow.deployment.is_null_ is not None:
        run = flow_runs.alias()
        deployed = some(run, run.c.flow_id == columns.id, run.c.deployment_id.is_not(None))
        found.append(~deployed if flow.deployment.is_null_ else deployed)
    found += named(columns.name, flow.name) + tagged(columns.tags, flow.tags)
    return combined(flow.operator, found)


def flow_run_conditions(c: Columns, run: FlowRunFilter | None) -> Conditions:
    """Which flow runs match."""
    if run is None:
        return []
    found = named(c.name, run.name) + tagged(c.tags, run.tags) + in_state(c, run.state)
    if run.id is not None:
        found += among(c.id, run.id.any_, run.id.not_any_)
    for column, wanted in (
        (c.deployment_id, run.deployment_id),
        (c.work_queue_name, run.work_queue_name),
        (c.parent_task_run_id, run.parent_task_run_id),
    ):
        if wanted is not None:
            either = among(column, wanted.any_) + null(column, wanted.is_null_)
            found += combined(wanted.operator, either)
    if run.flow_version is not None:
        found += among(c.flow_version, run.flow_version.any_)
    if run.parent_flow_run_id is not None:
        found += among(c.parent_flow_run_id, run.parent_flow_run_id.any_)
    if run.idempotency_key is not None:
        key = run.idempotency_key
        found += among(c.idempotency_key, key.any_, key.not_any_)
    found += timed(c.start_time, run.start_time, c.expected_start_time)
    found += timed(c.end_time, run.end_time)
    found += timed(c.expected_start_time, run.expected_start_time)
    found += timed(c.next_scheduled_start_time, run.next_scheduled_start_time)
    return combined(run.operator, found + created_by(c, run.created_by))


def task_run_conditions(c: Columns, run: TaskRunFilter | None) -> Conditions:
    """Which task runs match."""
    if run is None:
        return []
    found = named(c.name, run.name) + tagged(c.tags, run.tags) + in_state(c, run.state)
    if run.id is not None:
        found += among(c.id, run.id.any_)
    if run.flow_run_id is not None:
        wanted = run.flow_run_id
        either = among(c.flow_run_id, wanted.any_) + null(c.flow_run_id, wanted.is_null_)
        found += combined(wanted.operator, either)
    if run.subflow_runs is not None and run.subflow_runs.exists_ is not None:
        child = flow_runs.alias()
        is_parent = some(child, child.c.parent_task_run_id == c.id)
        found.append(is_parent if run.subflow_runs.exists_ else ~is_parent)
    found += timed(c.start_time, run.start_time) + timed(c.end_time, run.end_time)
    return combined(run.operator, found + timed(c.expected_start_time, run.expected_start_time))


def log_conditions(c: Columns, log: LogFilter | None) -> Conditions:
    """Which log lines match."""
    if log is None:
        return []
    found = levelled(c.level, log.level) + timed(c.timestamp, log.timestamp)
    if log.flow_run_id is not None:
        found += among(c.flow_run_id, log.flow_run_id.any_)
    if log.task_run_id is not None:
        task = log.task_run_id
        found += among(c.task_run_id, task.any_) + null(c.task_run_id, task.is_null_)
    return combined(log.operator, found + found_in((c.message, c.name), log.text))


def _deployed(c: Columns, deployment: DeploymentFilter) -> Conditions:
    """Which flow runs are of a deployment that matches; they know its id and queue themselves."""
    found: Conditions = []
    if deployment.id is not None:
        found += among(c.deployment_id, deployment.id.any_, deployment.id.not_any_)
    if deployment.work_queue_name is not None:
        found += among(c.work_queue_name, deployment.work_queue_name.any_)
    one = resources.alias()
    else_ = deployments_demanded(one.c, structs.replace(deployment, id=None, work_queue_name=None))
    found += related(one, one.c.id == c.deployment_id, else_)
    return [*combined(deployment.operator, found), c.deployment_id.is_not(None)] if found else []


def _pooled(c: Columns, pool: WorkPoolFilter) -> Conditions:
    found: Conditions = []
    if pool.id is not None:
        found += among(c.work_pool_id, pool.id.any_)
    if pool.name is not None:
        found += among(c.work_pool_name, pool.name.any_)
    one = resources.alias()
    of_type = demanded(one.c, WORK_POOL, structs.replace(pool, id=None, name=None))
    found += related(one, one.c.id == c.work_pool_id, of_type)
    return combined(pool.operator, found)


def _queued(c: Columns, queue: WorkQueueFilter) -> Conditions:
    found = starting(c.work_queue_name, queue.name)
    if queue.id is not None:
        found += among(c.work_queue_id, queue.id.any_)
    return combined(queue.operator, found)


def _placed(c: Columns, filters: Filters) -> Conditions:
    """Which flow runs are where the filters on deployments, pools and queues want them."""
    found: Conditions = []
    if filters.deployments is not None:
        found += _deployed(c, filters.deployments)
    if filters.work_pools is not None:
        found += _pooled(c, filters.work_pools)
    for queue in (filters.work_queues, filters.work_pool_queues):
        if queue is not None:
            found += _queued(c, queue)
    return found


def flow_runs_matching(c: Columns, filters: Filters) -> Conditions:
    """Which flow runs match all of *filters*."""
    found = flow_run_conditions(c, filters.flow_runs) + _placed(c, filters)
    return found + _of_flow(c, filters) + with_task(c, filters)


def _of_flow(c: Columns, filters: Filters) -> Conditions:
    """Which flow runs are of a flow that matches."""
    flow = flows.alias()
    return related(flow, flow.c.id == c.flow_id, flow_conditions(flow.c, filters.flows))


def with_task(c: Columns, filters: Filters) -> Conditions:
    """Which flow runs have a task run that matches."""
    task = task_runs.alias()
    matching = task_run_conditions(task.c, filters.task_runs)
    return related(task, task.c.flow_run_id == c.id, matching)


def task_runs_matching(c: Columns, filters: Filters) -> Conditions:
    """Which task runs match, those of flow runs that match when flow runs are filtered."""
    run = flow_runs.alias()
    of_run = flow_run_conditions(run.c, filters.flow_runs) + _placed(run.c, filters)
    of_run += _of_flow(run.c, filters)
    found = task_run_conditions(c, filters.task_runs)
    return found + related(run, run.c.id == c.flow_run_id, of_run)


def flows_matching(c: Columns, filters: Filters) -> Conditions:
    """Which flows match, those with a run that matches when runs are filtered."""
    run = flow_runs.alias()
    of_run = flow_run_conditions(run.c, filters.flow_runs) + _placed(run.c, filters)
    of_run += with_task(run.c, filters)
    return flow_conditions(c, filters.flows) + related(run, run.c.flow_id == c.id, of_run)
