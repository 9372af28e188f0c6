"""Runs that a schedule has planned and nobody has begun go when their deployment changes."""

import asyncio
from datetime import datetime
from uuid import UUID

from events.entities import FlowRun
from events.proposals import DeleteFlowRun
from events.queries import LIMIT_MAX, FlowRunFilter, FlowRunQuery, FlowRunSort
from events.queries.criteria import InstantIs, NullableIdIs, StateIs, StateTypeIs, TextIs
from events.states import StateType

from ...context import Context

WAITS_FOR_A_SLOT = "AwaitingConcurrencySlot"


async def forget_planned(
    context: Context, deployment_id: UUID, *, after: datetime | None = None, own: bool = True
) -> None:
    """Forget the runs that have not begun: those that schedules made and, if not *own*, all.

    Those due before *after* stay.
    """
    kept = 0
    while True:
        await context.writes.are_visible()
        found = await context.views.flow_runs(_waiting(deployment_id, after, kept))
        gone = [run.attributes.id for run in found if _has_not_begun(run, own)]
        await asyncio.gather(*(_forget(context, id) for id in gone))
        kept += len(found) - len(gone)
        if len(found) < LIMIT_MAX:
            return


def _waiting(deployment_id: UUID, after: datetime | None, offset: int) -> FlowRunQuery:
    state = StateIs(
        type=StateTypeIs(any_=[StateType.SCHEDULED]), name=TextIs(not_any_=[WAITS_FOR_A_SLOT])
    )
    due = None if after is None else InstantIs(after_=after)
    return FlowRunQuery(
        flow_runs=FlowRunFilter(
            deployment_id=NullableIdIs(any_=[deployment_id]),
            state=state,
            next_scheduled_start_time=due,
        ),
        sort=FlowRunSort.ID_DESC,
        offset=offset,
    )


def _has_not_begun(run: FlowRun, own: bool) -> bool:
    return run.progress.booked.run_count == 0 and (run.attributes.auto_scheduled or not own)


async def _forget(context: Context, id: UUID) -> None:
    await context.propose(DeleteFlowRun(id=str(context.new_id()), at=context.now(), flow_run_id=id))
    context.flow_run_is_gone(id)
