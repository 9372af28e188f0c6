"""Filters as SQL: which flows, runs and log lines match; no condition means all of them.

Filters on deployments, pools and queues match what a run itself knows of them, which costs no
second table; for the rest their view is asked.
"""

from msgspec import structs
from sqlalchemy import select

from events.queries import (
    DeploymentFilter,
    FlowFilter,
    FlowRunFilter,
    LogFilter,
    RunFilters,
    TaskRunFilter,
    WorkPoolFilter,
)
from events.queries.criteria import Exists, InstantIs, IsNull, TextIsAny, TextSearch
from events.queries.queries import RunPage
from events.resources.deployments import DEPLOYMENT
from events.resources.work_pools import WORK_POOL

from ..views.flow_runs import flow_runs as flow_runs_view
from ..views.flows import flows as flows_view
from ..views.logs import logs as logs_view
from ..views.task_runs import task_runs as task_runs_view
from .criteria import (
    Columns,
    Condition,
    Conditions,
    among,
    combined,
    created_by,
    found_in,
    in_state,
    related,
    some,
    timed,
)
from .demands import a, at, demanded, deployments_demanded, resources

Filters = RunFilters | RunPage

flows = flows_view.table(flows_view.name)
flow_runs = flow_runs_view.table(flow_runs_view.name)
task_runs = task_runs_view.table(task_runs_view.name)
logs = logs_view.table(logs_view.name)


def flow_conditions(c: Columns, flow: FlowFilter | None) -> Conditions:
    """Which flows match."""
    return demanded(c, flow, {"deployment": _without_deployment})


def _without_deployment(c: Columns, wanted: IsNull) -> Conditions:
    run = flow_runs.alias()
    deployed = some(run, run.c.flow_id == c.id, run.c.deployment_id.is_not(None))
    return _such(~deployed, wanted.is_null_)


def _such(condition: Condition, is_so: bool | None) -> Conditions:
    """*condition* holds, or does not, or nothing is said of it."""
    return [] if is_so is None else [condition if is_so else ~condition]


def flow_run_conditions(c: Columns, run: FlowRunFilter | None) -> Conditions:
    """Which flow runs match; one that has not started is compared by when it should."""
    others = {"created_by": created_by, "start_time": _started, "state": in_state}
    return demanded(c, run, others)


def _started(c: Columns, wanted: InstantIs) -> Conditions:
    return timed(c.start_time, wanted, c.expected_start_time)


def task_run_conditions(c: Columns, run: TaskRunFilter | None) -> Conditions:
    """Which task runs match."""
    return demanded(c, run, {"state": in_state, "subflow_runs": _with_subflow})


def _with_subflow(c: Columns, wanted: Exists) -> Conditions:
    child = flow_runs.alias()
    return _such(some(child, child.c.parent_task_run_id == c.id), wanted.exists_)


def log_conditions(c: Columns, log: LogFilter | None) -> Conditions:
    """Which log lines match."""
    return demanded(c, log, {"text": _with_text})


def _with_text(c: Columns, wanted: TextSearch) -> Conditions:
    return found_in((c.message, c.name), wanted)


def _deployed(c: Columns, deployment: DeploymentFilter) -> Conditions:
    """Which flow runs are of a deployment that matches; they know its id and queue themselves."""
    found: Conditions = []
    if deployment.id is not None:
        found += among(c.deployment_id, deployment.id.any_, deployment.id.not_any_)
    if deployment.work_queue_name is not None:
        found += among(c.work_queue_name, deployment.work_queue_name.any_)
    one = resources.alias()
    else_ = deployments_demanded(one.c, structs.replace(deployment, id=None, work_queue_name=None))
    found += related(one, a(DEPLOYMENT, one.c, one.c.id == c.deployment_id), else_)
    return [*combined(deployment.operator, found), c.deployment_id.is_not(None)] if found else []


def _of_type(c: Columns, type: TextIsAny) -> Conditions:
    """Which flow runs are in a pool of this type; they do not know it themselves."""
    one = resources.alias()
    of_type = demanded(one.c, WorkPoolFilter(type=type), kind=WORK_POOL)
    return related(one, a(WORK_POOL, one.c, one.c.id == c.work_pool_id), of_type)


POOLED = {"id": at("work_pool_id"), "name": at("work_pool_name"), "type": _of_type}
QUEUED = {"id": at("work_queue_id"), "name": at("work_queue_name")}


def _placed(c: Columns, filters: Filters) -> Conditions:
    """Which flow runs are where the filters on deployments, pools and queues want them."""
    found: Conditions = []
    if filters.deployments is not None:
        found += _deployed(c, filters.deployments)
    found += demanded(c, filters.work_pools, POOLED)
    found += demanded(c, filters.work_queues, QUEUED)
    return found + demanded(c, filters.work_pool_queues, QUEUED)


def flow_runs_matching(c: Columns, filters: Filters) -> Conditions:
    """Which flow runs match all of *filters*."""
    found = flow_run_conditions(c, filters.flow_runs) + _placed(c, filters)
    return found + _of_flow(c, filters) + with_task(c, filters)


def _of_flow(c: Columns, filters: Filters) -> Conditions:
    """Which flow runs are of a flow that matches."""
    flow = flows.alias()
    of_flow = related(flow, flow.c.id == c.flow_id, flow_conditions(flow.c, filters.flows))
    return _known_by(c, "flow_id", filters.flows) + of_flow


def _known_by(c: Columns, name: str, wanted: FlowFilter | FlowRunFilter | None) -> Conditions:
    """What the ids that are *wanted* of a relative say of the column *name*, which has an index.

    It follows from what is demanded of the relative, so that it changes only where is looked.
    """
    if wanted is None or wanted.id is None or wanted.operator == "or_":
        return []
    return at(name)(c, wanted.id)


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
    found += _known_by(c, "flow_run_id", filters.flow_runs) + _in_runs(c, filters)
    return found + related(run, run.c.id == c.flow_run_id, of_run)


def _in_runs(c: Columns, filters: Filters) -> Conditions:
    """As `_known_by`, of the flow runs of the flows whose ids are wanted."""
    run = flow_runs.alias()
    of_flows = _known_by(run.c, "flow_id", filters.flows)
    return [c.flow_run_id.in_(select(run.c.id).where(*of_flows))] if of_flows else []


def flows_matching(c: Columns, filters: Filters) -> Conditions:
    """Which flows match, those with a run that matches when runs are filtered."""
    run = flow_runs.alias()
    of_run = flow_run_conditions(run.c, filters.flow_runs) + _placed(run.c, filters)
    of_run += with_task(run.c, filters)
    return flow_conditions(c, filters.flows) + related(run, run.c.flow_id == c.id, of_run)
