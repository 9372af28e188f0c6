"""Places: the queue of the work pool in which runs wait, found by names or made."""

from msgspec import Struct, structs

from events.queries import WorkQueueQuery
from events.resources.work_pools import WorkPool, WorkQueue

from .context import Context
from .http.errors import detail
from .resources import all_listed, amend, store

AGENT_POOL = "default-agent-pool"
"""Where a queue is that is named without a pool."""


class Place(Struct, frozen=True):
    """A queue of a work pool."""

    pool: WorkPool
    queue: WorkQueue


async def place(context: Context, pool_name: str | None, queue_name: str | None) -> Place | None:
    """The queue of those names, made if it is not there; the pool's default one without a name.

    None when neither is named. Raises `Refused` when there is no such pool.
    """
    if pool_name is None and queue_name is None:
        return None
    if pool_name is None:
        pool = await agent_pool(context)
    else:
        pool = await pool_named(context, pool_name)
    queue = None
    if queue_name is None and pool.default_queue_id is not None:
        queue = await context.resource(WorkQueue, pool.default_queue_id)
    if queue is None:
        queue = await queue_in(context, pool, queue_name or "default")
    return Place(pool, queue)


async def pool_named(context: Context, name: str) -> WorkPool:
    """The work pool; raises `Refused` with a 404 when it is not there."""
    pool = await context.resource_named(WorkPool, name=name)
    if pool is None:
        raise detail(404, f'Work pool "{name}" not found.')
    return pool


async def queue_named(context: Context, pool: WorkPool, name: str) -> WorkQueue:
    """The queue of *pool*; raises `Refused` with a 404 when it is not there."""
    queue = await context.resource_named(WorkQueue, work_pool_id=pool.id, name=name)
    if queue is None:
        raise detail(404, f"Work pool queue '{pool.name}/{name}' not found.")
    return queue


async def agent_pool(context: Context) -> WorkPool:
    """The pool of queues that are named without one."""
    pool = await context.resource_named(WorkPool, name=AGENT_POOL)
    if pool is not None:
        return pool
    return await pool_like(context, WorkPool(id=context.new_id(), name=AGENT_POOL))


async def pool_like(context: Context, wanted: WorkPool) -> WorkPool:
    """*wanted*, made with its default queue; or the pool that has its name."""
    pool, queue = new_pool(context, wanted)
    return (await store(context, pool, along=[queue], if_exists="keep"))[0]


def new_pool(context: Context, pool: WorkPool) -> tuple[WorkPool, WorkQueue]:
    """*pool* with its default queue."""
    queue = WorkQueue(
        id=context.new_id(),
        work_pool_id=pool.id,
        work_pool_name=pool.name,
        name="default",
        description="The work pool's default queue.",
        status="READY",
    )
    return structs.replace(pool, default_queue_id=queue.id), queue


async def queue_in(context: Context, pool: WorkPool, name: str) -> WorkQueue:
    """The queue of *pool*, made if it is not there: the least urgent."""
    queue = await context.resource_named(WorkQueue, work_pool_id=pool.id, name=name)
    if queue is not None:
        return queue
    made = WorkQueue(
        id=context.new_id(),
        work_pool_id=pool.id,
        work_pool_name=pool.name,
        name=name,
    )
    return (await store(context, made, if_exists="keep", as_last=True))[0]


async def queues_of(context: Context, pool: WorkPool) -> list[WorkQueue]:
    """All queues of *pool*, the most urgent first."""
    return await all_listed(context, WorkQueue, WorkQueueQuery(), pool.id)


async def make_room(context: Context, pool: WorkPool, newcomer: WorkQueue) -> None:
    """Put off the queues that stand where *newcomer* stands now, and those behind as need be."""
    taken = newcomer.priority
    for queue in await queues_of(context, pool):
        if queue.id != newcomer.id and newcomer.priority <= queue.priority <= taken:
            taken = queue.priority + 1
            await amend(context, WorkQueue, queue.id, {"priority": taken})
