"""Deployments and their runs, many at a time: deleted, or created, each for itself."""

import asyncio
from typing import Literal
from uuid import UUID

from msgspec import Struct, json

from events.queries import DeploymentFilter, DeploymentQuery, WorkQueueQuery
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool, WorkQueue
from events.wire.replies import Answer

from ...context import Context
from ...http.calls import Call
from ...http.errors import Refused, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.work_pools import WorkQueueResponse, work_queue_response
from ...resources import all_listed, existing, listed, remove
from ..bodies import BULK_MAX, BulkLimit
from .runs import DeploymentFlowRunCreate, creation, pool_asked

CREATED_MAX = 100


class DeploymentsDelete(Struct, frozen=True, kw_only=True):
    """Which deployments to delete, and how many at most."""

    deployments: DeploymentFilter | None = None
    limit: BulkLimit | None = None


class DeploymentsDeleted(Struct, frozen=True):
    """The deployments that were deleted."""

    deleted: list[UUID]


class FlowRunCreated(Struct, frozen=True, kw_only=True):
    """What became of one of the runs to create."""

    flow_run_id: UUID | None = None
    status: Literal["CREATED", "FAILED"] = "CREATED"
    error: str | None = None


class FlowRunsCreated(Struct, frozen=True):
    """What became of the runs to create, in their order."""

    results: list[FlowRunCreated]


async def bulk_delete_deployments(context: Context, call: Call) -> Reply:
    """Delete the deployments that match."""
    asked = call.as_query(DeploymentsDelete)
    query = DeploymentQuery(deployments=asked.deployments, limit=asked.limit or BULK_MAX)
    found = [each.id for each in await listed(context, Deployment, query)]
    deleted = [id for id in found if await _is_deleted(context, id)]
    return answered(DeploymentsDeleted(deleted))


async def _is_deleted(context: Context, id: UUID) -> bool:
    try:
        await remove(context, Deployment, id)
    except Refused as refused:
        if refused.reply.status != 404:
            raise
        return False
    return True


async def bulk_create_flow_runs_from_deployment(context: Context, call: Call) -> Reply:
    """Create runs of a deployment; one that cannot be is told so and keeps no other."""
    given = call.as_a(list[DeploymentFlowRunCreate])
    deployment = await existing(context, Deployment, call.id)
    if len(given) > CREATED_MAX:
        raise detail(400, f"Cannot create more than {CREATED_MAX} flow runs at once.")
    pool = await pool_asked(context, deployment, given)
    made = (_created(context, deployment, each, pool) for each in given)
    return answered(FlowRunsCreated(await asyncio.gather(*made)))


async def _created(
    context: Context,
    deployment: Deployment,
    given: DeploymentFlowRunCreate,
    pool: WorkPool | None,
) -> FlowRunCreated:
    try:
        proposal = await creation(context, deployment, given, pool)
    except Refused as refused:
        said = json.decode(refused.reply.body, type=dict[str, object])
        reason = said.get("detail") or said.get("exception_message")
        return FlowRunCreated(status="FAILED", error=str(reason))
    answer = await context.propose(proposal)
    if isinstance(answer, Answer):
        return FlowRunCreated(flow_run_id=answer.decided().subject_id)
    return FlowRunCreated(status="FAILED", error=answer.reason)


async def work_queue_check_for_deployment(context: Context, call: Call) -> Reply:
    """The queues from which runs of a deployment may be taken, as far as their filters say."""
    deployment = await existing(context, Deployment, call.id)
    queues = await all_listed(context, WorkQueue, WorkQueueQuery())
    return answered([work_queue_response(each) for each in queues if _lets(each, deployment)])


def _lets(queue: WorkQueue, deployment: Deployment) -> bool:
    demands = queue.filter or {}
    tags, ids = demands.get("tags"), demands.get("deployment_ids")
    return (not tags or set(tags) <= set(deployment.tags)) and (
        not ids or str(deployment.id) in ids
    )


OPERATIONS = (
    Operation(method="POST", path="/deployments/bulk_delete", handler=bulk_delete_deployments,
              summary="Bulk Delete Deployments", tag="Deployments", takes=DeploymentsDelete,
              gives=DeploymentsDeleted),
    Operation(method="POST", path="/deployments/{id:uuid}/create_flow_run/bulk",
              handler=bulk_create_flow_runs_from_deployment,
              summary="Bulk Create Flow Runs From Deployment", tag="Deployments",
              takes=list[DeploymentFlowRunCreate], gives=FlowRunsCreated),
    Operation(method="GET", path="/deployments/{id:uuid}/work_queue_check",
              handler=work_queue_check_for_deployment,
              summary="Work Queue Check For Deployment", tag="Deployments",
              gives=list[WorkQueueResponse]),
)  # fmt: skip
