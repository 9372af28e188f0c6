"""Flow runs on a page: many of them in a few words, and how many task runs each has."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, structs

from events.entities import FlowRun
from events.instants import Instant
from events.queries import LIMIT_MAX, FlowRunSort
from events.queries.overviews import ManyFlowRunsQuery
from events.states import StateType

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.parts import estimates


class OfFlowRuns(Struct, frozen=True):
    """The flow runs that are asked about."""

    flow_run_ids: Annotated[list[UUID], Meta(max_length=LIMIT_MAX)]


class BriefRun(Struct, frozen=True, kw_only=True):
    """A flow run as a bar of a chart; from when it started, or is expected to, in seconds."""

    id: UUID
    state_type: StateType
    timestamp: Instant
    duration: float
    lateness: float


async def read_flow_run_history(context: Context, call: Call) -> Reply:
    """Flow runs in a few words, the one expected last first."""
    query = call.as_query(ManyFlowRunsQuery)
    query = structs.replace(query, sort=query.sort or FlowRunSort.EXPECTED_START_TIME_DESC)
    await context.writes.are_visible()
    return answered(list(_shown(context, await context.views.flow_runs(query))))


async def count_task_runs_by_flow_run(context: Context, call: Call) -> Reply:
    """How many task runs each flow run has."""
    ids = call.as_a(OfFlowRuns).flow_run_ids
    await context.writes.are_visible()
    return answered(await context.views.count_task_runs_of(ids))


def _shown(context: Context, runs: list[FlowRun]) -> Iterator[BriefRun]:
    now = context.now()
    for run in runs:
        state, booked = run.progress.state, run.progress.booked
        began = booked.start_time or booked.expected_start_time
        if state is not None and began is not None:
            estimated = estimates(run, now)
            yield BriefRun(
                id=run.attributes.id,
                state_type=state.type,
                timestamp=began,
                duration=estimated.run_time,
                lateness=estimated.lateness,
            )


OPERATIONS = (
    Operation(method="POST", path="/ui/flow_runs/history", handler=read_flow_run_history,
              summary="Read Flow Run History", tag="UI", takes=ManyFlowRunsQuery,
              gives=list[BriefRun]),
    Operation(method="POST", path="/ui/flow_runs/count-task-runs",
              handler=count_task_runs_by_flow_run, summary="Count Task Runs By Flow Run",
              tag="UI", takes=OfFlowRuns, gives=dict[UUID, int]),
)  # fmt: skip
