"""Flows on a page: how many deployments each has, and which of its runs is the next."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from events.entities import FlowRun
from events.instants import Instant
from events.queries import LIMIT_MAX
from events.states import StateType

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation


class OfFlows(Struct, frozen=True):
    """The flows that are asked about."""

    flow_ids: Annotated[list[UUID], Meta(max_length=LIMIT_MAX)]


class NextRun(Struct, frozen=True, kw_only=True):
    """A run that is to start."""

    id: UUID
    flow_id: UUID
    name: str
    state_name: str
    state_type: StateType
    next_scheduled_start_time: Instant


async def count_deployments_by_flow(context: Context, call: Call) -> Reply:
    """How many deployments each flow has."""
    ids = call.as_a(OfFlows).flow_ids
    await context.writes.are_visible()
    return answered(await context.views.count_deployments_of(ids))


async def next_runs_by_flow(context: Context, call: Call) -> Reply:
    """The run of each flow that is to start first, or null."""
    ids = call.as_a(OfFlows).flow_ids
    await context.writes.are_visible()
    found = await context.views.next_runs(ids)
    return answered({id: None if run is None else _shown(run) for id, run in found.items()})


def _shown(run: FlowRun) -> NextRun | None:
    state, start = run.progress.state, run.progress.booked.next_scheduled_start_time
    if state is None or start is None:
        return None
    return NextRun(
        id=run.attributes.id,
        flow_id=run.attributes.flow_id,
        name=run.attributes.name,
        state_name=state.name,
        state_type=state.type,
        next_scheduled_start_time=start,
    )


OPERATIONS = (
    Operation(method="POST", path="/ui/flows/count-deployments",
              handler=count_deployments_by_flow, summary="Count Deployments By Flow", tag="UI",
              takes=OfFlows, gives=dict[UUID, int]),
    Operation(method="POST", path="/ui/flows/next-runs", handler=next_runs_by_flow,
              summary="Next Runs By Flow", tag="UI", takes=OfFlows,
              gives=dict[UUID, NextRun | None]),
)  # fmt: skip
