"""Lists of resources: each query is about one kind, and says which of it match in what order."""

from typing import Any
from uuid import UUID

from msgspec import json
from sqlalchemy import ColumnElement, func, select

from events.queries import (
    AgentQuery,
    BlockDocumentQuery,
    BlockDocumentSort,
    DeploymentQuery,
    DeploymentSort,
    LatestArtifactQuery,
    OfRunsPage,
    ResourceQuery,
    WorkerQuery,
    WorkQueueQuery,
)
from events.queries.criteria import IdIsAny
from events.resources.artifacts import ARTIFACT
from events.resources.deployments import DEPLOYMENT
from events.resources.registry import KINDS
from events.resources.resource import Kind, Resource
from events.resources.work_pools import WORK_POOL, WORK_QUEUE

from .criteria import Columns, Conditions, among, related, some
from .demands import (
    a,
    block_type_name,
    column_of,
    demanded,
    deployments_demanded,
    moment,
    of_blocks_matching,
    resources,
)
from .entities import AnyRow
from .filters import (
    flow_conditions,
    flow_run_conditions,
    flow_runs,
    flows,
    task_run_conditions,
    task_runs,
    with_task,
)
from .sorts import Order

_decoders = {name: json.Decoder(kind.type) for name, kind in KINDS.items()}


def resource_of(row: AnyRow) -> Resource:
    """A resource from its row."""
    return _decoders[row.kind].decode(row.body)


def resources_matching(query: ResourceQuery, parent_id: UUID | None) -> Conditions:
    """Which resources match *query* and go with the parent, if one is named."""
    c = resources.c
    match query:
        case DeploymentQuery():
            found = [c.kind == DEPLOYMENT.name, *_deployments_matching(c, query)]
        case _:
            found = [c.kind == query.kind, *demanded(c, query.demands, kind=KINDS[query.kind])]
            found += of_blocks_matching(c, query)
            if isinstance(query, OfRunsPage):
                found += _of_runs_matching(c, query)
            if isinstance(query, LatestArtifactQuery):
                found.append(_is_latest(c, query))
    if parent_id is not None:
        found.append(c.parent_id == parent_id)
    return found


def resources_order(query: ResourceQuery) -> Order:
    """The order that *query* asks for, by name unless it says."""
    c = resources.c
    match query:
        case DeploymentQuery(sort=sort):
            first = _ordered(c, DEPLOYMENT, sort or DeploymentSort.NAME_ASC)
        case WorkQueueQuery():
            return (c.shown["priority"].as_integer().asc(), c.name.asc(), c.id.asc())
        case WorkerQuery():
            first = moment(c.shown["last_heartbeat_time"]).desc().nulls_last()
        case AgentQuery():
            first = moment(c.shown["last_activity_time"]).desc().nulls_last()
        case BlockDocumentQuery(sort=BlockDocumentSort.BLOCK_TYPE_AND_NAME_ASC):
            return (block_type_name(c).asc(), c.name.asc(), c.id.asc())
        case _:
            first = _ordered(c, KINDS[query.kind], query.order)
    return (first, c.id.asc())


def _ordered(c: Columns, kind: Kind, order: str) -> ColumnElement[Any]:
    field, _, way = order.rpartition("_")
    column = column_of(c, kind, field.lower())
    # without a key comes before all keys, which PostgreSQL has to be told
    return column.desc().nulls_last() if way == "DESC" else column.asc().nulls_first()


def _deployments_matching(c: Columns, query: DeploymentQuery) -> Conditions:
    found = deployments_demanded(c, query.deployments)
    flow, run, place = flows.alias(), flow_runs.alias(), resources.alias()
    found += related(flow, flow.c.id == c.parent_id, flow_conditions(flow.c, query.flows))
    of_run = flow_run_conditions(run.c, query.flow_runs) + with_task(run.c, query)
    found += related(run, run.c.deployment_id == c.id, of_run)
    for kind, demands in (
        (WORK_POOL, query.work_pools),
        (WORK_QUEUE, query.work_queues),
        (WORK_QUEUE, query.work_pool_queues),
    ):
        id = column_of(c, DEPLOYMENT, f"{kind.name}_id", IdIsAny)
        its = a(kind, place.c, place.c.id == id)
        found += related(place, its, demanded(place.c, demands, kind=kind))
    return found


def _of_runs_matching(c: Columns, query: OfRunsPage) -> Conditions:
    """Which resources are of runs that match; a filter without demands asks for a run as well."""
    found: Conditions = []
    run, flow, task, deployment = (
        each.alias() for each in (flow_runs, flows, task_runs, resources)
    )
    is_its_run = run.c.id == c.parent_id
    if query.flow_runs is not None:
        found.append(some(run, is_its_run, *flow_run_conditions(run.c, query.flow_runs)))
    if query.task_runs is not None:
        id = column_of(c, ARTIFACT, "task_run_id", IdIsAny)
        of_task = task_run_conditions(task.c, query.task_runs)
        found.append(some(task, task.c.id == id, *of_task))
    if query.flows is not None:
        of_flow = flow_conditions(flow.c, query.flows)
        found.append(some(run, is_its_run, some(flow, flow.c.id == run.c.flow_id, *of_flow)))
    if query.deployments is not None:
        deployed = deployments_demanded(deployment.c, query.deployments)
        its = a(DEPLOYMENT, deployment.c, deployment.c.id == run.c.deployment_id)
        own = some(deployment, its, *deployed)
        found.append(some(run, is_its_run, own))
    return found


def _is_latest(c: Columns, query: LatestArtifactQuery) -> ColumnElement[bool]:
    """Whether an artifact is the newest of its key."""
    one = resources.alias()
    order: Any = (one.c.created.desc(), one.c.id.desc())
    place = func.row_number().over(partition_by=one.c.name, order_by=order).label("place")
    of_kind = [one.c.kind == query.kind, one.c.name.is_not(None)]
    demands = query.artifacts
    if demands is not None and demands.key is not None and demands.operator != "or_":
        # whoever asks for a few keys need not wait for all of them
        of_kind += among(one.c.name, demands.key.any_)
    placed = select(one.c.id, place).where(*of_kind).subquery()
    return c.id.in_(select(placed.c.id).where(placed.c.place == 1))
