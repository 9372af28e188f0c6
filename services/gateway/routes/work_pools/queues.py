"""Queues of work pools, found by their pool's name and theirs, or by id."""

from typing import Any

from msgspec import UNSET, structs, to_builtins

from events.given import given_fields
from events.queries import DeploymentQuery, WorkQueueFilter, WorkQueueQuery
from events.queries.criteria import IdIsAny
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool, WorkQueue

from ...context import Context
from ...http.calls import Call
from ...http.errors import CONFLICT, NO_CONTENT, Reply, answered, detail
from ...http.operations import Operation
from ...places import AGENT_POOL, agent_pool, make_room, pool_named, queue_named
from ...rendering.work_pools import WorkQueueResponse, work_queue_response
from ...resources import all_listed, amend, existing, listed, missing, remove, store
from .bodies import WorkQueueCreate, WorkQueueUpdate
from .pools import detach
from .slots import occupied, of_queue


async def create_pool_queue(context: Context, call: Call) -> Reply:
    """Create a queue in a work pool."""
    given = call.as_a(WorkQueueCreate)
    return await _create(context, await pool_named(context, call.path("work_pool_name")), given)


async def create_work_queue(context: Context, call: Call) -> Reply:
    """Create a queue that names no pool."""
    given = call.as_a(WorkQueueCreate)
    return await _create(context, await agent_pool(context), given)


async def _create(context: Context, pool: WorkPool, given: WorkQueueCreate) -> Reply:
    fields = structs.asdict(given)
    fields["filter"] = to_builtins(given.filter)
    if given.priority is None:
        del fields["priority"]
    made = WorkQueue(
        id=context.new_id(),
        work_pool_id=pool.id,
        work_pool_name=pool.name,
        status="PAUSED" if given.is_paused else "NOT_READY",
        **fields,
    )
    exists = f"A work queue with this name already exists in work pool {pool.name!r}."
    queue, status = await store(context, made, as_last=given.priority is None, exists=exists)
    if given.priority is not None:
        await make_room(context, pool, queue)
    return answered(work_queue_response(queue), status)


async def read_pool_queue(context: Context, call: Call) -> Reply:
    """A queue by its pool's name and its own."""
    return answered(await _shown(context, await _named(context, call)))


async def read_work_queue(context: Context, call: Call) -> Reply:
    """A queue by its id."""
    return answered(await _shown(context, await existing(context, WorkQueue, call.id)))


async def read_work_queue_by_name(context: Context, call: Call) -> Reply:
    """A queue that names no pool."""
    pool = await context.resource_named(WorkPool, name=AGENT_POOL)
    if pool is None:  # who only looks must not make it
        raise missing(WorkQueue)
    queue = await existing(context, WorkQueue, work_pool_id=pool.id, name=call.path("name"))
    return answered(await _shown(context, queue))


async def filter_pool_queues(context: Context, call: Call) -> Reply:
    """A page of a work pool's queues, the most urgent first."""
    query = call.as_query(WorkQueueQuery)
    pool = await pool_named(context, call.path("work_pool_name"))
    found = await listed(context, WorkQueue, query, pool.id)
    return answered([await _shown(context, one) for one in found])


async def filter_work_queues(context: Context, call: Call) -> Reply:
    """A page of the queues of all work pools."""
    found = await listed(context, WorkQueue, call.as_query(WorkQueueQuery))
    return answered([await _shown(context, one) for one in found])


async def update_pool_queue(context: Context, call: Call) -> Reply:
    """Change a queue found by names."""
    given = call.as_a(WorkQueueUpdate)
    return await _update(context, await _named(context, call), given)


async def update_work_queue(context: Context, call: Call) -> Reply:
    """Change a queue found by its id."""
    given = call.as_a(WorkQueueUpdate)
    queue = await context.resource(WorkQueue, call.id)
    if queue is None:
        raise detail(404, f"Work Queue {call.id} not found")
    return await _update(context, queue, given)


async def _update(context: Context, queue: WorkQueue, given: WorkQueueUpdate) -> Reply:
    fields = given_fields(given)
    for name in ("name", "priority"):
        if fields.get(name, UNSET) is None:
            del fields[name]
    if given.is_paused is True:
        fields["status"] = "PAUSED"
    elif given.is_paused is False and queue.status == "PAUSED":
        fields["status"] = "NOT_READY"
    name = fields.get("name", queue.name)
    other = await context.resource_named(WorkQueue, work_pool_id=queue.work_pool_id, name=name)
    if other is not None and other.id != queue.id:
        raise detail(409, CONFLICT)
    await amend(context, WorkQueue, queue.id, fields)
    priority: int = fields.get("priority", queue.priority)
    pool = await context.resource(WorkPool, queue.work_pool_id)
    if priority != queue.priority and pool is not None:
        await make_room(context, pool, structs.replace(queue, priority=priority))
    return NO_CONTENT


async def delete_pool_queue(context: Context, call: Call) -> Reply:
    """Forget a queue found by names."""
    return await _delete(context, await _named(context, call))


async def delete_work_queue(context: Context, call: Call) -> Reply:
    """Forget a queue found by its id."""
    return await _delete(context, await existing(context, WorkQueue, call.id))


async def _delete(context: Context, queue: WorkQueue) -> Reply:
    here = DeploymentQuery(work_pool_queues=WorkQueueFilter(id=IdIsAny(any_=[queue.id])))
    deployments = await all_listed(context, Deployment, here)
    await remove(context, WorkQueue, queue.id)
    await detach(context, deployments, queue.id)
    return NO_CONTENT


async def _named(context: Context, call: Call) -> WorkQueue:
    pool_name, name = call.path("work_pool_name"), call.path("name")
    pool = await context.resource_named(WorkPool, name=pool_name)
    if pool is None:
        raise detail(404, f"Work pool queue '{pool_name}/{name}' not found.")
    return await queue_named(context, pool, name)


async def _shown(context: Context, queue: WorkQueue) -> WorkQueueResponse:
    slots = None
    if queue.concurrency_limit is not None:
        slots = await occupied(context, of_queue(queue))
    return work_queue_response(queue, slots)


def _route(method: str, path: str, handler: Any, summary: str, **more: Any) -> Operation:
    tag = "Work Pools" if path.startswith("/work_pools") else "Work Queues"
    return Operation(method=method, path=path, handler=handler, summary=summary, tag=tag, **more)


IN_POOL = "/work_pools/{work_pool_name}/queues"
BY_ID = "/work_queues/{id:uuid}"

OPERATIONS = (
    _route("POST", IN_POOL, create_pool_queue, "Create Work Queue", takes=WorkQueueCreate,
           gives=WorkQueueResponse, statuses=(201,)),
    _route("POST", f"{IN_POOL}/filter", filter_pool_queues, "Read Work Queues",
           takes=WorkQueueQuery, gives=list[WorkQueueResponse]),
    _route("GET", f"{IN_POOL}/{{name}}", read_pool_queue, "Read Work Queue",
           gives=WorkQueueResponse),
    _route("PATCH", f"{IN_POOL}/{{name}}", update_pool_queue, "Update Work Queue",
           takes=WorkQueueUpdate, statuses=(204,)),
    _route("DELETE", f"{IN_POOL}/{{name}}", delete_pool_queue, "Delete Work Queue",
           statuses=(204,)),
    _route("POST", "/work_queues/", create_work_queue, "Create Work Queue",
           takes=WorkQueueCreate, gives=WorkQueueResponse, statuses=(201,)),
    _route("POST", "/work_queues/filter", filter_work_queues, "Read Work Queues",
           takes=WorkQueueQuery, gives=list[WorkQueueResponse]),
    _route("GET", "/work_queues/name/{name}", read_work_queue_by_name,
           "Read Work Queue By Name", gives=WorkQueueResponse),
    _route("GET", BY_ID, read_work_queue, "Read Work Queue", gives=WorkQueueResponse),
    _route("PATCH", BY_ID, update_work_queue, "Update Work Queue", takes=WorkQueueUpdate,
           statuses=(204,)),
    _route("DELETE", BY_ID, delete_work_queue, "Delete Work Queue", statuses=(204,)),
)  # fmt: skip
