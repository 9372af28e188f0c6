"""The older graph: a flow run's task runs, each with those whose results it was given."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from events.entities import TaskRun
from events.instants import Instant

from ....context import Context
from ....http.calls import Call
from ....http.errors import Reply, answered, failed
from ....http.operations import Operation
from ....rendering.parts import StateResponse, estimates, state_response
from .contents import task_runs
from .nodes import given_to


class Dependency(Struct, frozen=True, kw_only=True):
    """A task run, and the task runs whose results it was given."""

    id: UUID
    name: str
    upstream_dependencies: list[dict[str, Any]]
    state: StateResponse | None
    expected_start_time: Instant | None
    start_time: Instant | None
    end_time: Instant | None
    total_run_time: float | None
    estimated_run_time: float | None
    untrackable_result: bool


async def read_flow_run_graph_v1(context: Context, call: Call) -> Reply:
    """The task runs of a flow run, each with those that it depends on."""
    if await context.flow_run(call.id) is None:
        raise failed(404, f"Flow run with id {call.id} not found")
    await context.writes.are_visible()
    now = context.now()
    return answered([_dependency(run, now) for run in await task_runs(context, call.id)])


def _dependency(run: TaskRun, now: datetime) -> Dependency:
    about, progress = run.attributes, run.progress
    state, booked = progress.state, progress.booked
    return Dependency(
        id=about.id,
        name=about.name,
        upstream_dependencies=[{"input_type": "task_run", "id": id} for id in given_to(run)],
        state=None if state is None else state_response(state),
        expected_start_time=booked.expected_start_time,
        start_time=booked.start_time,
        end_time=booked.end_time,
        total_run_time=booked.total_run_time,
        estimated_run_time=estimates(run, now).run_time,
        untrackable_result=bool(state and state.state_details.untrackable_result),
    )


OPERATIONS = (
    Operation(method="GET", path="/flow_runs/{id:uuid}/graph", handler=read_flow_run_graph_v1,
              summary="Read Flow Run Graph V1", tag="Flow Run Graph", gives=list[Dependency]),
)  # fmt: skip
