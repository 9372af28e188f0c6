"""Work pools: created with a default queue, read, changed, listed and deleted."""

from typing import Any
from uuid import UUID

from msgspec import UNSET, structs

from events.given import given_fields
from events.queries import (
    DeploymentQuery,
    WorkerFilter,
    WorkerQuery,
    WorkPoolFilter,
    WorkPoolQuery,
)
from events.queries.criteria import IdIsAny, WorkerStatusIs
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail, invalid
from ...http.operations import Operation
from ...places import new_pool, pool_named
from ...rendering.work_pools import WorkPoolResponse, work_pool_response
from ...resources import all_listed, amend, change, counted, listed, remove, store
from .bodies import WorkPoolCreate, WorkPoolUpdate, is_reserved, undeclared
from .slots import occupied, of_pool

EXISTS = "A work pool with this name already exists."
RESERVED = "Work pools starting with 'Prefect' are reserved for internal use."


async def create_work_pool(context: Context, call: Call) -> Reply:
    """Create a work pool with its default queue."""
    given = call.as_a(WorkPoolCreate)
    _check(given.base_job_template)
    if is_reserved(given.name):
        raise detail(403, RESERVED)
    made = WorkPool(id=context.new_id(), **structs.asdict(given))
    if given.is_paused:
        made = structs.replace(made, status="PAUSED")
    pool, queue = new_pool(context, made)
    pool, status = await store(context, pool, along=[queue], exists=EXISTS)
    return answered(work_pool_response(pool), status)


async def read_work_pool(context: Context, call: Call) -> Reply:
    """The work pool."""
    return answered(await _shown(context, await pool_named(context, call.path("name"))))


async def filter_work_pools(context: Context, call: Call) -> Reply:
    """A page of work pools."""
    found = await listed(context, WorkPool, call.as_query(WorkPoolQuery))
    return answered([await _shown(context, one) for one in found])


async def count_work_pools(context: Context, call: Call) -> Reply:
    """How many work pools match."""
    return answered(await counted(context, call.as_query(WorkPoolQuery)))


async def update_work_pool(context: Context, call: Call) -> Reply:
    """Change a work pool."""
    given = call.as_a(WorkPoolUpdate)
    pool = await pool_named(context, call.path("name"))
    fields = given_fields(given)
    for name in ("is_paused", "base_job_template", "storage_configuration"):
        if fields.get(name, UNSET) is None:
            del fields[name]
    _check(fields.get("base_job_template", {}))
    if "is_paused" in fields:
        fields["status"] = "PAUSED" if fields["is_paused"] else await _awake(context, pool)
    await amend(context, WorkPool, pool.id, fields)
    return NO_CONTENT


async def delete_work_pool(context: Context, call: Call) -> Reply:
    """Forget a work pool with its queues and workers; its deployments have none then."""
    pool = await pool_named(context, call.path("name"))
    here = DeploymentQuery(work_pools=WorkPoolFilter(id=IdIsAny(any_=[pool.id])))
    deployments = await all_listed(context, Deployment, here)
    await remove(context, WorkPool, pool.id)
    await detach(context, deployments, pool.id)
    return NO_CONTENT


async def detach(context: Context, deployments: list[Deployment], gone: UUID) -> None:
    """Let those of these deployments wait nowhere that wait in the pool or queue *gone* still."""

    def nowhere(deployment: Deployment) -> dict[str, Any]:
        if gone not in (deployment.work_pool_id, deployment.work_queue_id):
            return {}
        return {"work_pool_id": None, "work_pool_name": None, "work_queue_id": None}

    for deployment in deployments:
        await change(context, Deployment, deployment.id, nowhere)


async def _awake(context: Context, pool: WorkPool) -> str:
    """The status of a pool that is not paused: it is ready when a worker is there."""
    await context.writes.are_visible()
    online = WorkerQuery(workers=WorkerFilter(status=WorkerStatusIs(any_=["ONLINE"])))
    return "READY" if await context.views.count_resources(online, pool.id) else "NOT_READY"


async def _shown(context: Context, pool: WorkPool) -> WorkPoolResponse:
    slots = None
    if pool.concurrency_limit is not None:
        slots = await occupied(context, of_pool(pool))
    return work_pool_response(pool, slots)


def _check(template: dict[str, Any]) -> None:
    wrong = undeclared(template)
    if wrong is not None:
        raise invalid(f"Value error, {wrong}", "body", "base_job_template")


OPERATIONS = (
    Operation(method="POST", path="/work_pools/", handler=create_work_pool,
              summary="Create Work Pool", tag="Work Pools", takes=WorkPoolCreate,
              gives=WorkPoolResponse, statuses=(201,)),
    Operation(method="POST", path="/work_pools/filter", handler=filter_work_pools,
              summary="Read Work Pools", tag="Work Pools", takes=WorkPoolQuery,
              gives=list[WorkPoolResponse]),
    Operation(method="POST", path="/work_pools/count", handler=count_work_pools,
              summary="Count Work Pools", tag="Work Pools", takes=WorkPoolQuery, gives=int),
    Operation(method="GET", path="/work_pools/{name}", handler=read_work_pool,
              summary="Read Work Pool", tag="Work Pools", gives=WorkPoolResponse),
    Operation(method="PATCH", path="/work_pools/{name}", handler=update_work_pool,
              summary="Update Work Pool", tag="Work Pools", takes=WorkPoolUpdate,
              statuses=(204,)),
    Operation(method="DELETE", path="/work_pools/{name}", handler=delete_work_pool,
              summary="Delete Work Pool", tag="Work Pools", statuses=(204,)),
)  # fmt: skip
