"""Upcoming runs: of each flow, the scheduled run that is to start first."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, func, select

from events.entities import FlowRun
from events.states import StateType

from ..entities import flow_run_of
from ..filters import flow_runs


def next_runs(connection: Connection, flow_ids: Sequence[UUID]) -> dict[UUID, FlowRun | None]:
    """The next run of each of these flows, if it has one."""
    c = flow_runs.c
    place = func.row_number().over(
        partition_by=c.flow_id, order_by=(c.next_scheduled_start_time, c.id)
    )
    ranked = (
        select(c.id, place.label("place"))
        .where(c.flow_id.in_(flow_ids), c.state_type == StateType.SCHEDULED.value)
        .where(c.next_scheduled_start_time.is_not(None))
        .subquery()
    )
    found = select(flow_runs).join(ranked, ranked.c.id == c.id).where(ranked.c.place == 1)
    first = {row.flow_id: flow_run_of(row) for row in connection.execute(found)}
    return {id: first.get(id) for id in flow_ids}
