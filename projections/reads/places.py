"""What is demanded of deployments, work pools and queues, whoever asks."""

from sqlalchemy import or_

from events.queries import DeploymentFilter, WorkPoolFilter, WorkQueueFilter

from ..views.flows import flows as flows_view
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
    some,
    starting,
    tagged,
)

resources = resources_view.table(resources_view.name)
_flows = flows_view.table(flows_view.name)


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
    flow = _flows.alias()
    of_flow = some(flow, flow.c.id == c.parent_id, *contains(flow.c.name, text))
    return [or_(*contains(c.name, text), of_flow)]
