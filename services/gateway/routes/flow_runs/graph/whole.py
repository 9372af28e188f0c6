"""The whole graph of a flow run: nodes and edges, artifacts, and the states that it was in."""

import asyncio
from datetime import datetime
from uuid import UUID

from msgspec import Struct, ValidationError, convert

from events.instants import Instant
from events.states import StateType

from ....context import Context
from ....http.calls import Call
from ....http.errors import Reply, answered, failed, invalid
from ....http.operations import Operation
from .contents import artifacts_of, labelled, subflows_of, task_runs
from .nodes import GraphArtifact, Node, nodes_of


class GraphState(Struct, frozen=True, kw_only=True):
    """A state that the flow run was in."""

    id: UUID
    timestamp: Instant
    type: StateType
    name: str


class Graph(Struct, frozen=True, kw_only=True):
    """A flow run and the nodes in it, in the order in which they started."""

    start_time: Instant | None
    end_time: Instant | None
    root_node_ids: list[UUID]
    nodes: list[tuple[UUID, Node]]
    artifacts: list[GraphArtifact]
    states: list[GraphState]


async def read_flow_run_graph_v2(context: Context, call: Call) -> Reply:
    """The graph of a flow run; with *since*, of nodes that ended after it or have not ended."""
    run = await context.flow_run(call.id)
    if run is None:
        raise failed(404, f"Flow run {call.id} not found")
    since = _since(call)
    await context.writes.are_visible()
    tasks, subflows, artifacts, states = await asyncio.gather(
        task_runs(context, call.id),
        subflows_of(context, call.id),
        artifacts_of(context, call.id),
        context.views.flow_run_states(call.id),
    )
    nodes = nodes_of(tasks, await labelled(context, subflows), artifacts, since)
    booked = run.progress.booked
    return answered(
        Graph(
            start_time=booked.start_time,
            end_time=booked.end_time,
            root_node_ids=[node.id for node in nodes if not node.parents],
            nodes=[(node.id, node) for node in nodes],
            artifacts=artifacts.get(None, []),
            states=[
                GraphState(id=one.id, timestamp=one.timestamp, type=one.type, name=one.name)
                for one in states
            ],
        )
    )


def _since(call: Call) -> datetime | None:
    given = call.query("since")
    if given is None:
        return None
    try:
        return convert(given, Instant)
    except ValidationError:
        raise invalid("Input should be a valid datetime", "query", "since") from None


OPERATIONS = (
    Operation(method="GET", path="/flow_runs/{id:uuid}/graph-v2",
              handler=read_flow_run_graph_v2, summary="Read Flow Run Graph V2",
              tag="Flow Run Graph", gives=Graph),
)  # fmt: skip
