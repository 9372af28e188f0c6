"""Workers: their signs of life are noted, and make their pool ready."""

from typing import Any

from events.queries import WorkerQuery
from events.resources.work_pools import Worker, WorkPool

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered
from ...http.operations import Operation
from ...places import pool_named
from ...rendering.work_pools import WorkerResponse, worker_response
from ...resources import change, listed, missing, removed, store
from .bodies import Heartbeat


async def heartbeat(context: Context, call: Call) -> Reply:
    """Note that a worker lives."""
    given = call.as_a(Heartbeat)
    pool = await pool_named(context, call.path("work_pool_name"))
    await is_alive(context, pool, given.name, given.heartbeat_interval_seconds)
    return NO_CONTENT


async def is_alive(context: Context, pool: WorkPool, name: str, interval_s: int | None) -> None:
    """Note that the worker *name* of *pool* lives; raises `Refused` when the pool is gone."""
    worker = Worker(
        id=context.new_id(),
        work_pool_id=pool.id,
        name=name,
        last_heartbeat_time=context.now(),
        heartbeat_interval_seconds=interval_s,
        status="ONLINE",
    )
    noted = ["last_heartbeat_time", "status"]
    if interval_s is not None:
        noted.append("heartbeat_interval_seconds")
    await store(context, worker, if_exists="amend", given=noted)
    if pool.status == "NOT_READY" and not await change(context, WorkPool, pool.id, _ready):
        raise missing(WorkPool)


def _ready(pool: WorkPool) -> dict[str, Any]:
    """What makes *pool* ready, unless it is that or paused by now."""
    return {"status": "READY"} if pool.status == "NOT_READY" else {}


async def filter_workers(context: Context, call: Call) -> Reply:
    """A page of a pool's workers, the liveliest first."""
    query = call.as_query(WorkerQuery)
    pool = await pool_named(context, call.path("work_pool_name"))
    found = await listed(context, Worker, query, pool.id)
    return answered([worker_response(one) for one in found])


async def delete_worker(context: Context, call: Call) -> Reply:
    """Forget a worker."""
    pool = await pool_named(context, call.path("work_pool_name"))
    return await removed(context, Worker, work_pool_id=pool.id, name=call.path("name"))


AT = "/work_pools/{work_pool_name}/workers"

OPERATIONS = (
    Operation(method="POST", path=f"{AT}/heartbeat", handler=heartbeat,
              summary="Worker Heartbeat", tag="Work Pools", takes=Heartbeat, statuses=(204,)),
    Operation(method="POST", path=f"{AT}/filter", handler=filter_workers,
              summary="Read Workers", tag="Work Pools", takes=WorkerQuery,
              gives=list[WorkerResponse]),
    Operation(method="DELETE", path=f"{AT}/{{name}}", handler=delete_worker,
              summary="Delete Worker", tag="Work Pools", statuses=(204,)),
)  # fmt: skip
