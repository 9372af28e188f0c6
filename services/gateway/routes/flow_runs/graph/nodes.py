"""The nodes of a graph and the edges between them, made of runs."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, structs

from events.entities import FlowRun, TaskRun
from events.instants import Instant
from events.states import StateType


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


def nodes_of(
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
        upstream[named[id]] = [named[each] for each in given_to(task) if each in named]
        encapsulating[named[id]] = [
            named[each] for each in given_to(task, "__parents__") if each in named
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


def given_to(run: TaskRun, name: str | None = None) -> list[UUID]:
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
