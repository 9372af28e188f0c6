"""Lists of resources: each query is about one kind, and says which of it match in what order."""

from typing import Any
from uuid import UUID

from msgspec import json
from sqlalchemy import BigInteger, ColumnElement, cast, or_, type_coerce

from events.queries import (
    DeploymentFilter,
    DeploymentQuery,
    DeploymentSort,
    ResourceQuery,
    WorkerFilter,
    WorkPoolFilter,
    WorkPoolQuery,
    WorkQueueFilter,
    WorkQueueQuery,
)
from events.resources.registry import KINDS
from events.resources.resource import Resource

from ..columns import Id, Moment
from ..views.resources import resources as resources_view
from .criteria import (
    Columns,
    Conditions,
    among,
    combined,
    contains,
    levelled,
    named,
    null,
    starting,
    tagged,
    timed,
)
from .entities import AnyRow
from .filters import (
    flow_conditions,
    flow_run_conditions,
    flow_runs,
    flows,
    some,
    task_run_conditions,
    task_runs,
)
from .sorts import Order

resources = resources_view.table(resources_view.name)

_decoders = {name: json.Decoder(kind.type) for name, kind in KINDS.items()}


def resource_of(row: AnyRow) -> Resource:
    """A resource from its row."""
    return _decoders[row.kind].decode(row.body)


def resources_matching(query: ResourceQuery, parent_id: UUID | None) -> Conditions:
    """Which resources match *query* and go with the parent, if one is named."""
    c = resources.c
    match query:
        case DeploymentQuery():
            found = [c.kind == "deployment", *_deployments_matching(c, query)]
        case WorkPoolQuery(work_pools=pools):
            found = [c.kind == "work_pool", *work_pool_conditions(c, pools)]
        case WorkQueueQuery(work_queues=queues):
            found = [c.kind == "work_queue", *work_queue_conditions(c, queues)]
        case _:
            found = [c.kind == "worker", *_worker_conditions(c, query.workers)]
    if parent_id is not None:
        found.append(c.parent_id == parent_id)
    return found


def resources_order(query: ResourceQuery) -> Order:
    """The order that *query* asks for, by name unless it says."""
    c = resources.c
    match query:
        case DeploymentQuery(sort=sort):
            orders = {
                DeploymentSort.CREATED_DESC: c.created.desc(),
                DeploymentSort.UPDATED_DESC: c.updated.desc(),
                DeploymentSort.NAME_ASC: c.name.asc(),
                DeploymentSort.NAME_DESC: c.name.desc(),
            }
            first = orders[sort or DeploymentSort.NAME_ASC]
        case WorkPoolQuery():
            first = c.name.asc()
        case WorkQueueQuery():
            return (c.shown["priority"].as_integer().asc(), c.name.asc(), c.id.asc())
        case _:
            first = _moment(c.shown["last_heartbeat_time"]).desc().nulls_last()
    return (first, c.id.asc())


def work_pool_conditions(c: Columns, pool: WorkPoolFilter | None) -> Conditions:
    """Which work pools match."""
    if pool is None:
        return []
    found: Conditions = []
    for column, wanted in (
        (c.id, pool.id),
        (c.name, pool.name),
        (c.shown["type"].as_string(), pool.type),
    ):
        if wanted is not None:
            found += among(column, wanted.any_)
    return combined(pool.operator, found)


def work_queue_conditions(c: Columns, queue: WorkQueueFilter | None) -> Conditions:
    """Which work queues match."""
    if queue is None:
        return []
    found = starting(c.name, queue.name)
    if queue.id is not None:
        found += among(c.id, queue.id.any_)
    return combined(queue.operator, found)


def _moment(shown: Any) -> ColumnElement[Any]:
    return type_coerce(cast(shown.as_string(), BigInteger), Moment)


def _worker_conditions(c: Columns, worker: WorkerFilter | None) -> Conditions:
    if worker is None:
        return []
    found: Conditions = []
    if worker.status is not None:
        status = c.shown["status"].as_string()
        found += among(status, worker.status.any_, worker.status.not_any_)
    if worker.last_heartbeat_time is not None:
        found += timed(_moment(c.shown["last_heartbeat_time"]), worker.last_heartbeat_time)
    return combined(worker.operator, found)


def deployment_conditions(c: Columns, deployment: DeploymentFilter | None) -> Conditions:
    """Which deployments match."""
    if deployment is None:
        return []
    found = named(c.name, deployment.name) + tagged(c.tags, deployment.tags)
    if deployment.id is not None:
        found += among(c.id, deployment.id.any_, deployment.id.not_any_)
    if deployment.flow_or_deployment_name is not None:
        found += _named_like(c, deployment.flow_or_deployment_name.like_)
    if deployment.paused is not None and deployment.paused.eq_ is not None:
        found.append(c.shown["paused"].as_boolean() == deployment.paused.eq_)
    if deployment.work_queue_name is not None:
        queue = c.shown["work_queue_name"].as_string()
        found += among(queue, deployment.work_queue_name.any_)
    if deployment.concurrency_limit is not None:
        limit = c.shown["concurrency_limit"].as_integer()
        found += levelled(limit, deployment.concurrency_limit)
        found += null(limit, deployment.concurrency_limit.is_null_)
    return combined(deployment.operator, found)


def _named_like(c: Columns, text: str | None) -> Conditions:
    if text is None:
        return []
    flow = flows.alias()
    of_flow = some(flow, flow.c.id == c.parent_id, *contains(flow.c.name, text))
    return [or_(*contains(c.name, text), of_flow)]


def _deployments_matching(c: Columns, query: DeploymentQuery) -> Conditions:
    found = deployment_conditions(c, query.deployments)
    flow, run, task = flows.alias(), flow_runs.alias(), task_runs.alias()
    of_flow = flow_conditions(flow.c, query.flows)
    if of_flow:
        found.append(some(flow, flow.c.id == c.parent_id, *of_flow))
    of_run = flow_run_conditions(run.c, query.flow_runs)
    of_task = task_run_conditions(task.c, query.task_runs)
    if of_task:
        of_run.append(some(task, task.c.flow_run_id == run.c.id, *of_task))
    if of_run:
        found.append(some(run, run.c.deployment_id == c.id, *of_run))
    place = resources.alias()
    for field, conditions in (
        ("work_pool_id", work_pool_conditions(place.c, query.work_pools)),
        ("work_queue_id", work_queue_conditions(place.c, query.work_queues)),
        ("work_queue_id", work_queue_conditions(place.c, query.work_pool_queues)),
    ):
        if conditions:
            id = type_coerce(c.shown[field].as_string(), Id)
            found.append(some(place, place.c.id == id, *conditions))
    return found
