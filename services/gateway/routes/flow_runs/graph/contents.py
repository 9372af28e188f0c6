"""What is in the graph of a flow run, from the views."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from events.entities import FlowRun, TaskRun
from events.queries import (
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

from ....context import Context
from ....views import everything
from .nodes import GraphArtifact

NODES_MAX = 10_000


async def task_runs(context: Context, flow_run_id: UUID) -> list[TaskRun]:
    """The task runs of a flow run in the order in which they were to start."""
    query = TaskRunQuery(
        task_runs=TaskRunFilter(flow_run_id=NullableIdIs(any_=[flow_run_id])),
        sort=TaskRunSort.EXPECTED_START_TIME_ASC,
    )
    return [run async for run in everything(context.views.task_runs, query, NODES_MAX)]


async def subflows_of(context: Context, flow_run_id: UUID) -> list[FlowRun]:
    """The flow runs that a flow run has begun."""
    of_run = FlowRunFilter(parent_flow_run_id=ParentIs(any_=[flow_run_id]))
    query = FlowRunQuery(flow_runs=of_run)
    return [run async for run in everything(context.views.flow_runs, query, NODES_MAX)]


async def labelled(
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


async def artifacts_of(
    context: Context, flow_run_id: UUID
) -> dict[UUID | None, list[GraphArtifact]]:
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
