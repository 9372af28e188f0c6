"""The graph of a flow run: its task runs and subflows, what they were given by each other."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, convert, structs
from msgspec import ValidationError as Invalid

from events.entities import FlowRun, TaskRun
from events.instants import Instant
from events.queries import (
    LIMIT_MAX,
    ArtifactFilter,
    ArtifactQuery,
    ArtifactSort,
    FlowRunFilter,
    FlowRunQuery,
    LatestArtifactFilter,
    LatestArtifactQuery,
    TaskRunFilter,
    TaskRunQuery,
    TaskRunSort,
)
from events.queries.criteria import IdIsAny, NullableIdIs, ParentIs
from events.resources.artifacts import Artifact
from events.states import StateType

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, failed, invalid
from ...http.operations import Operation
from ...rendering.parts import StateResponse, estimates, state_response

NODES_MAX = 10_000


class Edge(Struct, frozen=True):
    """The other end of an edge."""

    id: UUID


class GraphArtifact(Struct, frozen=True, kw_only=True):
    """An artifact of a run; only progress shows its data."""

    id: UUID
    created: Instant
    key: str | None
    type: str | None
    is_latest: bool
    data: Any


class GraphState(Struct, frozen=True, kw_only=True):
    """A state that the flow run was in."""

    id: UUID
    timestamp: Instant
    type: StateType
    name: str


class Node(Struct, frozen=True, kw_only=True):
    """A task run, or a subflow in the place of the task run that stands for it."""

    kind: Literal["flow-run", "task-run"]
    id: UUID
    label: str
    state_type: StateType
    start_time: Instant | None
    end_time: Instant | None
    parents: list[Edge]
    children: list[Edge]
    encapsulating: list[Edge]
    artifacts: list[GraphArtifact]


class Graph(Struct, frozen=True, kw_only=True):
    """A flow run and the nodes in it, in the order in which they started."""

    start_time: Instant | None
    end_time: Instant | None
    root_node_ids: list[UUID]
    nodes: list[tuple[UUID, Node]]
    artifacts: list[GraphArtifact]
    states: list[GraphState]


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
    return answered([_dependency(run, now) for run in await _task_runs(context, call.id)])


def _dependency(run: TaskRun, now: datetime) -> Dependency:
    about, progress = run.attributes, run.progress
    state, booked = progress.state, progress.booked
    return Dependency(
        id=about.id,
        name=about.name,
        upstream_dependencies=[{"input_type": "task_run", "id": id} for id in _upstream(run)],
        state=None if state is None else state_response(state),
        expected_start_time=booked.expected_start_time,
        start_time=booked.start_time,
        end_time=booked.end_time,
        total_run_time=booked.total_run_time,
        estimated_run_time=estimates(run, now).run_time,
        untrackable_result=bool(state and state.state_details.untrackable_result),
    )


async def read_flow_run_graph_v2(context: Context, call: Call) -> Reply:
    """The graph of a flow run; with *since*, of nodes that ended after it or have not ended."""
    run = await context.flow_run(call.id)
    if run is None:
        raise failed(404, f"Flow run {call.id} not found")
    since = _since(call)
    await context.writes.are_visible()
    tasks, subflows, artifacts, states = await asyncio.gather(
        _task_runs(context, call.id),
        _subflows(context, call.id),
        _artifacts(context, call.id),
        context.views.flow_run_states(call.id),
    )
    nodes = _nodes(tasks, await _labelled(context, subflows), artifacts, since)
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
    except Invalid:
        raise invalid("Input should be a valid datetime", "query", "since") from None


async def _task_runs(context: Context, flow_run_id: UUID) -> list[TaskRun]:
    of_run = TaskRunFilter(flow_run_id=NullableIdIs(any_=[flow_run_id]))
    found: list[TaskRun] = []
    while len(found) < NODES_MAX:
        query = TaskRunQuery(
            task_runs=of_run, sort=TaskRunSort.EXPECTED_START_TIME_ASC, offset=len(found)
        )
        page = await context.views.task_runs(query)
        found += page
        if len(page) < LIMIT_MAX:
            break
    return found


async def _subflows(context: Context, flow_run_id: UUID) -> list[FlowRun]:
    of_run = FlowRunFilter(parent_flow_run_id=ParentIs(any_=[flow_run_id]))
    found: list[FlowRun] = []
    while len(found) < NODES_MAX:
        page = await context.views.flow_runs(FlowRunQuery(flow_runs=of_run, offset=len(found)))
        found += page
        if len(page) < LIMIT_MAX:
            break
    return found


async def _labelled(
    context: Context, subflows: Sequence[FlowRun]
) -> dict[UUID | None, tuple[FlowRun, str]]:
    """By the task run that stands for it, each subflow and what it is called."""
    ids = dict.fromkeys(run.attributes.flow_id for run in subflows)
    flows = dict(zip(ids, await asyncio.gather(*map(context.flow, ids)), strict=True))
    labelled: dict[UUID | None, tuple[FlowRun, str]] = {}
    for run in subflows:
        flow = flows[run.attributes.flow_id]
        name = run.attributes.name if flow is None else f"{flow.name} / {run.attributes.name}"
        labelled[run.attributes.parent_task_run_id] = run, name
    return labelled


async def _artifacts(context: Context, flow_run_id: UUID) -> dict[UUID | None, list[GraphArtifact]]:
    """The artifacts of a flow run by the task run that left them, oldest first."""
    of_run = IdIsAny(any_=[flow_run_id])
    query = ArtifactQuery(
        artifacts=ArtifactFilter(flow_run_id=of_run), sort=ArtifactSort.CREATED_DESC
    )
    newest = LatestArtifactQuery(artifacts=LatestArtifactFilter(flow_run_id=of_run))
    latest = {one.id for one in await context.views.resources(newest)}
    found: dict[UUID | None, list[GraphArtifact]] = {}
    for one in reversed(await context.views.resources(query)):
        if isinstance(one, Artifact):
            shown = GraphArtifact(
                id=one.id,
                created=one.created,
                key=one.key,
                type=one.type,
                is_latest=one.key is None or one.id in latest,
                data=one.data if one.type == "progress" else None,
            )
            found.setdefault(one.task_run_id, []).append(shown)
    return found


def _nodes(
    tasks: Sequence[TaskRun],
    subflows: dict[UUID | None, tuple[FlowRun, str]],
    artifacts: dict[UUID | None, list[GraphArtifact]],
    since: datetime | None,
) -> list[Node]:
    """The nodes in the order in which they started; edges lead only to nodes that are there."""
    named = {run.attributes.id: run.attributes.id for run in tasks}
    named |= {id: run.attributes.id for id, (run, _) in subflows.items() if id is not None}
    nodes: dict[UUID, Node] = {}
    upstream: dict[UUID, list[UUID]] = {}
    encapsulating: dict[UUID, list[UUID]] = {}
    for task in tasks:
        id = task.attributes.id
        subflow, label = subflows.get(id, (None, task.attributes.name))
        shown = task.progress if subflow is None else subflow.progress
        ended = shown.booked.end_time
        if shown.state is None or shown.booked.start_time is None:
            continue
        if since is not None and ended is not None and ended < since:
            continue
        nodes[named[id]] = Node(
            kind="task-run" if subflow is None else "flow-run",
            id=named[id],
            label=label,
            state_type=shown.state.type,
            start_time=shown.booked.start_time,
            end_time=ended,
            parents=[],
            children=[],
            encapsulating=[],
            artifacts=artifacts.get(id, []),
        )
        upstream[named[id]] = [named[each] for each in _upstream(task) if each in named]
        encapsulating[named[id]] = [
            named[each] for each in _upstream(task, "__parents__") if each in named
        ]
    children: dict[UUID, list[Edge]] = {}
    for id, above in upstream.items():
        for each in above:
            children.setdefault(each, []).append(Edge(id))
    made = [
        structs.replace(
            node,
            parents=[Edge(each) for each in upstream[node.id] if each in nodes],
            children=children.get(node.id, []),
            encapsulating=[Edge(each) for each in encapsulating[node.id] if each in nodes],
        )
        for node in nodes.values()
    ]
    return sorted(made, key=_started)


def _started(node: Node) -> tuple[datetime, UUID]:
    assert node.start_time is not None
    return node.start_time, node.id


def _upstream(run: TaskRun, name: str | None = None) -> list[UUID]:
    """The task runs whose results were given to *run*, or those that it ran within."""
    found: dict[UUID, None] = {}
    for key, inputs in run.attributes.task_inputs.items():
        if (name is None and key == "__parents__") or (name is not None and key != name):
            continue
        for each in inputs:
            if each.get("input_type") == "task_run":
                try:
                    found[UUID(str(each.get("id")))] = None
                except ValueError:
                    continue
    return list(found)


OPERATIONS = (
    Operation(method="GET", path="/flow_runs/{id:uuid}/graph", handler=read_flow_run_graph_v1,
              summary="Read Flow Run Graph V1", tag="Flow Run Graph", gives=list[Dependency]),
    Operation(method="GET", path="/flow_runs/{id:uuid}/graph-v2",
              handler=read_flow_run_graph_v2, summary="Read Flow Run Graph V2",
              tag="Flow Run Graph", gives=Graph),
)  # fmt: skip
