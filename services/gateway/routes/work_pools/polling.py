"""Polling: workers are handed the runs of their pool, as far as limits leave room for them."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, convert, structs

from events.entities import FlowRun
from events.instants import EPOCH
from events.queries import (
    LIMIT_MAX,
    DeploymentQuery,
    FlowRunFilter,
    FlowRunQuery,
    FlowRunSort,
    WorkQueueFilter,
)
from events.queries.criteria import (
    IdIsAny,
    InstantIs,
    NullableIdIs,
    StateIs,
    StateTypeIs,
    TagsAre,
)
from events.resources.deployments import Deployment
from events.resources.work_pools import WorkPool, WorkQueue
from events.states import StateType

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...places import pool_named, queues_of
from ...rendering.runs import FlowRunResponse, flow_run_response
from ...resources import all_listed, change, existing
from ..deployments.runs import polled, was_lately
from ..pages import sized
from .agents import is_active
from .bodies import QueueFilter, QueueRunsAsked, WaitingRunsAsked
from .slots import UNDER_WAY, occupied, of_pool, of_queue


class WaitingRun(Struct, frozen=True):
    """A run that a worker may take."""

    work_pool_id: UUID
    work_queue_id: UUID
    flow_run: FlowRunResponse


async def scheduled_flow_runs(context: Context, call: Call) -> Reply:
    """The runs that wait in a pool: of urgent queues first, then the earliest."""
    asked = call.as_query(WaitingRunsAsked)
    limit = sized(asked.limit)
    pool = await pool_named(context, call.path("name"))
    names = asked.work_queue_names
    queues = [queue for queue in await queues_of(context, pool) if not names or queue.name in names]
    found = [] if pool.is_paused else await _free(context, pool, queues, asked, limit)
    await _note(context, queues)
    now = context.now()
    return answered(
        [WaitingRun(pool.id, queue.id, flow_run_response(run, now)) for queue, run in found]
    )


async def _free(
    context: Context,
    pool: WorkPool,
    queues: Sequence[WorkQueue],
    asked: WaitingRunsAsked,
    limit: int,
) -> list[tuple[WorkQueue, FlowRun]]:
    """Runs of these queues for which the limits leave room.

    What waits is read before what is taken: a run that somebody claims in between counts as
    taken, and nothing is handed out instead of it.
    """
    await context.writes.are_visible()
    found: list[tuple[WorkQueue, FlowRun]] = []
    for queue in queues:
        if len(found) < limit and not queue.is_paused:
            runs = await waiting(context, of_queue(queue), asked, limit)
            room = await _room(context, queue, of_queue(queue))
            found += [(queue, run) for run in runs[:room]]
    if found and pool.concurrency_limit is not None:
        taken = await occupied(context, of_pool(pool))
        limit = min(limit, max(0, pool.concurrency_limit - taken))
    return _in_order(found)[:limit]


def _in_order(found: list[tuple[WorkQueue, FlowRun]]) -> list[tuple[WorkQueue, FlowRun]]:
    def order(each: tuple[WorkQueue, FlowRun]) -> Any:
        queue, run = each
        return queue.priority, run.progress.booked.next_scheduled_start_time or EPOCH

    return sorted(found, key=order)


async def _room(
    context: Context,
    queue: WorkQueue,
    of: FlowRunQuery,
    types: Sequence[StateType] = UNDER_WAY,
) -> int:
    """For how many runs the limit of *queue* leaves room, when those of *of* and *types* count."""
    if queue.concurrency_limit is None:
        return LIMIT_MAX
    return max(0, queue.concurrency_limit - await occupied(context, of, types))


async def waiting(
    context: Context, of: FlowRunQuery, asked: WaitingRunsAsked, most: int
) -> Sequence[FlowRun]:
    """At most *most* runs of *of*, the earliest first; none that its own process retries."""
    wanted = structs.replace(
        of.flow_runs or FlowRunFilter(),
        state=StateIs(type=StateTypeIs(any_=[StateType.SCHEDULED])),
        next_scheduled_start_time=InstantIs(
            before_=asked.scheduled_before, after_=asked.scheduled_after
        ),
    )
    found: list[FlowRun] = []
    offset = 0
    while len(found) < most:
        page = await context.views.flow_runs(
            structs.replace(
                of,
                flow_runs=wanted,
                sort=FlowRunSort.NEXT_SCHEDULED_START_TIME_ASC,
                offset=offset,
            )
        )
        found += [run for run in page if run.progress.policy.retry_type != "in_process"]
        offset += len(page)
        if len(page) < LIMIT_MAX:
            break
    return found[:most]


def _let_through(queue: WorkQueue) -> FlowRunQuery:
    """The runs of deployments that the filter of *queue* lets through, in whichever queue."""
    demands = convert(queue.filter, QueueFilter)
    return FlowRunQuery(
        flow_runs=FlowRunFilter(
            tags=TagsAre(all_=demands.tags),
            deployment_id=NullableIdIs(any_=demands.deployment_ids, is_null_=False),
        )
    )


async def _note(context: Context, queues: Sequence[WorkQueue]) -> None:
    """Note that the queues were polled, and so the deployments whose runs wait in them."""
    now = context.now()
    anew = [queue for queue in queues if not was_lately(queue.last_polled, now)]
    if not anew:
        return

    def served(queue: WorkQueue) -> dict[str, Any]:
        if was_lately(queue.last_polled, now):
            return {}
        ready = {} if queue.status == "PAUSED" else {"status": "READY"}
        return {"last_polled": now, **ready}

    for queue in anew:
        await change(context, WorkQueue, queue.id, served)
    ids = IdIsAny(any_=[queue.id for queue in anew])
    query = DeploymentQuery(work_pool_queues=WorkQueueFilter(id=ids))
    found = await all_listed(context, Deployment, query)
    await asyncio.gather(*(polled(context, each.id) for each in found))


async def queue_runs(context: Context, call: Call) -> Reply:
    """The runs that a queue has or its filter lets through, as far as its limit leaves room.

    A queue that is asked by itself counts runs that are being cancelled, as the reference does:
    their processes still run. One with a filter does not. Only the poll of an agent is noted.
    """
    asked = call.as_query(QueueRunsAsked)
    queue = await existing(context, WorkQueue, call.id)
    if asked.agent_id is not None:
        await is_active(context, queue, asked.agent_id)
        await _note(context, [queue])
    await context.writes.are_visible()
    most = LIMIT_MAX if asked.limit is None else asked.limit
    of, types = of_queue(queue), (*UNDER_WAY, StateType.CANCELLING)
    if queue.filter is not None:
        of, types = _let_through(queue), UNDER_WAY
    runs = await waiting(context, of, asked, most)
    room = 0 if queue.is_paused else await _room(context, queue, of, types)
    now = context.now()
    return answered([flow_run_response(run, now) for run in runs[:room]])


OPERATIONS = (
    Operation(method="POST", path="/work_pools/{name}/get_scheduled_flow_runs",
              handler=scheduled_flow_runs, summary="Get Scheduled Flow Runs", tag="Work Pools",
              takes=WaitingRunsAsked, gives=list[WaitingRun]),
    Operation(method="POST", path="/work_queues/{id:uuid}/get_runs", handler=queue_runs,
              summary="Read Work Queue Runs", tag="Work Queues", takes=QueueRunsAsked,
              gives=list[FlowRunResponse]),
)  # fmt: skip
