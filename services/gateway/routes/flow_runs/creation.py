"""Creation of flow runs, whole or by an idempotency key found again."""

from typing import Any
from uuid import UUID

from events.changes import FlowRunCreated
from events.entities import Flow
from events.identity import flow_run_id_of
from events.proposals import CreateFlowRun

from ...context import Context, existing
from ...http.calls import Call
from ...http.errors import CONFLICT, Reply, answered, detail
from ...http.operations import Operation
from ...parameters import bound
from ...places import place
from ...rendering.runs import FlowRunResponse, flow_run_response
from ..bodies import FlowRunCreate


async def create_flow_run(context: Context, call: Call) -> Reply:
    """Create a flow run, or find the one that its key has made before: 201 or 200."""
    given = call.as_a(FlowRunCreate)
    if len(call.body) > context.limits.parameters_bytes_max:
        bound(context, given.parameters)
    flow = await context.flow(given.flow_id)
    if flow is None:
        raise detail(409, CONFLICT)
    answer = await context.ask(await _proposal(context, given, flow, call.api_version))
    id = answer.decided().subject_id
    is_new = any(isinstance(each, FlowRunCreated) for each in answer.decided().changes)
    run = existing(await context.flow_run(id))
    return answered(flow_run_response(run, context.now()), 201 if is_new else 200)


async def _proposal(
    context: Context, given: FlowRunCreate, flow: Flow, api_version: str | None
) -> CreateFlowRun:
    key = given.idempotency_key
    id = context.new_id() if key is None else flow_run_id_of(flow.id, key)
    found = (
        await place(context, given.work_pool_name, given.work_queue_name)
        if given.work_pool_name
        else None
    )
    return CreateFlowRun(
        id=str(context.new_id()),
        at=context.now(),
        flow_run_id=id,
        flow_id=flow.id,
        name=given.name or None,
        state=given.state,
        deployment_id=given.deployment_id,
        work_pool_id=None if found is None else found.pool.id,
        work_pool_name=given.work_pool_name,
        work_queue_id=None if found is None else found.queue.id,
        work_queue_name=given.work_queue_name if found is None else found.queue.name,
        flow_version=given.flow_version,
        parameters=given.parameters,
        idempotency_key=key,
        context=given.context,
        empirical_policy=given.empirical_policy,
        tags=given.tags,
        labels=_labels(given, flow),
        parent_task_run_id=given.parent_task_run_id,
        parent_flow_run_id=await parent_of(context, given.parent_task_run_id, id),
        infrastructure_document_id=given.infrastructure_document_id,
        job_variables={} if key is None and given.job_variables is None else given.job_variables,
        api_version=api_version,
    )


def _labels(given: FlowRunCreate, flow: Flow) -> dict[str, Any]:
    """The flow's labels, whose run it is, and the client's; later ones win."""
    ours = {"prefect.flow.id": str(flow.id)}
    if given.deployment_id is not None:
        ours["prefect.deployment.id"] = str(given.deployment_id)
    return {**flow.labels, **ours, **(given.labels or {})}


async def parent_of(context: Context, task_run_id: UUID | None, flow_run_id: UUID) -> UUID | None:
    """The flow run of the task run that stands for the subflow *flow_run_id*."""
    if task_run_id is None:
        return None
    task_run = await context.task_run(task_run_id)
    if task_run is not None:
        return task_run.attributes.flow_run_id
    if await context.flow_run(flow_run_id) is None:
        raise detail(409, CONFLICT)
    return None  # found by its key, and stays as it is


OPERATIONS = (
    Operation(method="POST", path="/flow_runs/", handler=create_flow_run, is_busy=True,
              summary="Create Flow Run", tag="Flow Runs", takes=FlowRunCreate,
              gives=FlowRunResponse, statuses=(201, 200)),
)  # fmt: skip
