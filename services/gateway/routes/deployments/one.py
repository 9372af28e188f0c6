"""Deployments, one at a time: made or brought up to date, read, changed and deleted."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, structs

from events.given import given_fields
from events.resources.blocks import BlockDocument
from events.resources.deployments import Deployment

from ...context import Context
from ...http.calls import Call
from ...http.errors import CONFLICT, NO_CONTENT, Reply, answered, detail, invalid
from ...http.operations import Operation
from ...parameters import bound, made, misfit, problem
from ...places import Place, place
from ...rendering.deployments import DeploymentResponse, deployment_response
from ...resources import amend, change, existing, missing, removed, store
from ..concurrency.reading import limits_shown
from .bodies import DeploymentCreate, DeploymentUpdate
from .schedules import new_schedules, revised

NOWHERE: dict[str, Any] = dict.fromkeys(
    ("work_pool_id", "work_pool_name", "work_queue_id", "work_queue_name")
)

TAKEN_OVER = (
    *("paused", "concurrency_limit", "concurrency_options", "global_concurrency_limit_id"),
    *("parameter_openapi_schema", "tags", "pull_steps", "storage_document_id"),
    *("infrastructure_document_id", "description", "path", "version", "entrypoint"),
    *("version_info", "job_variables"),
)
"""What clients say of a deployment that it is, word for word."""

BLOCKS = {"storage_document_id": "storage", "infrastructure_document_id": "infrastructure"}
"""Which fields name blocks, and what those are called."""


async def create_deployment(context: Context, call: Call) -> Reply:
    """Create a deployment, or bring the one of that flow and name up to date: 201 or 200."""
    given = call.as_a(DeploymentCreate)
    flow = await context.flow(given.flow_id)
    if flow is None:
        raise detail(409, CONFLICT)
    fields = taken_over(given)
    missing_block = await _block_missing(context, fields)
    if missing_block is not None:
        raise detail(
            409,
            f"Error creating deployment. Could not find {missing_block}. This usually occurs when"
            " applying a deployment specification that was built against a different Prefect"
            " database / workspace.",
        )
    fields["labels"] = {
        **flow.labels, "prefect.flow.id": str(flow.id), **(given.labels or {})
    }  # fmt: skip
    fields["schedules"] = new_schedules(context, given.schedules)
    bound(context, given.parameters)
    fields["parameters"] = given.parameters
    if given.enforce_parameter_schema is not UNSET:
        fields["enforce_parameter_schema"] = given.enforce_parameter_schema
    if given.enforce_parameter_schema is True:  # who leaves it out is not checked yet
        await _check_parameters(given)
    fields |= await _place_given(context, given)
    wanted = Deployment(id=context.new_id(), flow_id=given.flow_id, name=given.name, **fields)
    deployment, status = await store(context, wanted, if_exists="amend", given=list(fields))
    return answered(await shown(context, deployment), status)


async def _check_parameters(given: DeploymentCreate) -> None:
    schema = given.parameter_openapi_schema
    wrong = None if schema is UNSET else await problem(given.parameters, schema, is_whole=False)
    if wrong is not None:
        raise invalid(f"Value error, {wrong}", "body")


async def _block_missing(context: Context, fields: Mapping[str, Any]) -> str | None:
    """Which block of those that *fields* name is not there; None when all are."""
    for name, called in BLOCKS.items():
        id = fields.get(name)
        if id is not None and await context.resource(BlockDocument, id) is None:
            return f"{called} block with id: {id}"
    return None


async def _place_given(context: Context, given: DeploymentCreate) -> dict[str, Any]:
    """Where runs wait, if that is said."""
    found = await place(context, given.work_pool_name or None, given.work_queue_name or None)
    wrong = await _no_job_variables(given, found)
    if wrong is not None:
        raise detail(422, f"Error creating deployment: {wrong}")
    return {} if found is None else placed(found)


async def _no_job_variables(
    given: DeploymentCreate | DeploymentUpdate, found: Place | None
) -> str | None:
    """Why the job variables do not fit the pool, if both are said; a queue alone names no pool."""
    if found is None or not given.work_pool_name or not given.job_variables:
        return None
    return await misfit(given.job_variables, found.pool, is_whole=False)


def taken_over(given: DeploymentCreate | DeploymentUpdate) -> dict[str, Any]:
    """What was said of the deployment in so many words."""
    fields = {name: value for name, value in given_fields(given).items() if name in TAKEN_OVER}
    if fields.get("job_variables", UNSET) is None:
        del fields["job_variables"]
    return fields


def placed(found: Place) -> dict[str, Any]:
    """The fields that say where runs wait."""
    return {
        "work_pool_id": found.pool.id,
        "work_pool_name": found.pool.name,
        "work_queue_id": found.queue.id,
        "work_queue_name": found.queue.name,
    }


async def read_deployment(context: Context, call: Call) -> Reply:
    """The deployment."""
    return answered(await shown(context, await existing(context, Deployment, call.id)))


async def read_deployment_by_name(context: Context, call: Call) -> Reply:
    """The deployment of that flow and name."""
    flow = await context.flow_named(call.path("flow_name"))
    if flow is None:
        raise missing(Deployment)
    name = call.path("deployment_name")
    return answered(
        await shown(context, await existing(context, Deployment, flow_id=flow.id, name=name))
    )


async def update_deployment(context: Context, call: Call) -> Reply:
    """Change a deployment; what its schedules had planned is planned anew."""
    given = call.as_a(DeploymentUpdate)
    fields = taken_over(given)
    for name in ("parameters", "enforce_parameter_schema"):
        value = getattr(given, name)
        if value is not UNSET and value is not None:
            fields[name] = value
    bound(context, fields.get("parameters", {}))
    deployment = await context.resource(Deployment, call.id)
    if deployment is None:
        raise detail(404, "Deployment not found.")
    if await _block_missing(context, fields):
        raise detail(409, CONFLICT)
    if "parameters" in fields:
        fields["parameters"] = await made(context.variables, fields["parameters"], "deployment")
    fields |= await _moved(context, deployment, given)

    async def changed(before: Deployment) -> dict[str, Any]:
        after = structs.replace(before, **fields)
        if "parameters" in fields and after.enforce_parameter_schema:
            wrong = await problem(after.parameters, after.parameter_openapi_schema, is_whole=False)
            if wrong is not None:
                raise detail(409, f"Error updating deployment: {wrong}")
        if given.schedules is UNSET:
            return fields
        return {**fields, "schedules": revised(context, before.schedules, given.schedules)}

    if not await change(context, Deployment, call.id, changed):
        raise detail(404, "Concurrency limit not found")
    return NO_CONTENT


async def _moved(context: Context, before: Deployment, given: DeploymentUpdate) -> dict[str, Any]:
    """Where runs wait from now on, if that is said."""
    if given.work_pool_name is UNSET and given.work_queue_name is UNSET:
        return {}
    pool = before.work_pool_name if given.work_pool_name is UNSET else given.work_pool_name
    queue = None if given.work_queue_name is UNSET else given.work_queue_name
    found = await place(context, pool, queue)
    wrong = await _no_job_variables(given, found)
    if wrong is not None:
        raise detail(409, f"Error updating deployment: {wrong}")
    return NOWHERE if found is None else placed(found)


async def pause_deployment(context: Context, call: Call) -> Reply:
    """Pause a deployment: nothing is planned any more, and what was planned is not."""
    await existing(context, Deployment, call.id)
    await amend(context, Deployment, call.id, {"paused": True})
    return answered(None)


async def resume_deployment(context: Context, call: Call) -> Reply:
    """Let a deployment's schedules plan again."""
    await existing(context, Deployment, call.id)
    await amend(context, Deployment, call.id, {"paused": False})
    return answered(None)


async def delete_deployment(context: Context, call: Call) -> Reply:
    """Forget a deployment; its runs that have not begun go with its plans."""
    return await removed(context, Deployment, call.id)


async def shown(context: Context, deployment: Deployment) -> DeploymentResponse:
    """*deployment* as clients read it now, with its limit."""
    id = deployment.global_concurrency_limit_id
    limits = await limits_shown(context, [] if id is None else [id])
    return deployment_response(deployment, None if id is None else limits.get(id))


OPERATIONS = (
    Operation(method="POST", path="/deployments/", handler=create_deployment,
              summary="Create Deployment", tag="Deployments", takes=DeploymentCreate,
              gives=DeploymentResponse, statuses=(201, 200)),
    Operation(method="GET", path="/deployments/name/{flow_name}/{deployment_name}",
              handler=read_deployment_by_name, summary="Read Deployment By Name",
              tag="Deployments", gives=DeploymentResponse),
    Operation(method="GET", path="/deployments/{id:uuid}", handler=read_deployment,
              summary="Read Deployment", tag="Deployments", gives=DeploymentResponse),
    Operation(method="PATCH", path="/deployments/{id:uuid}", handler=update_deployment,
              summary="Update Deployment", tag="Deployments", takes=DeploymentUpdate,
              statuses=(204,)),
    Operation(method="DELETE", path="/deployments/{id:uuid}", handler=delete_deployment,
              summary="Delete Deployment", tag="Deployments", statuses=(204,)),
    Operation(method="POST", path="/deployments/{id:uuid}/pause_deployment",
              handler=pause_deployment, summary="Pause Deployment", tag="Deployments"),
    Operation(method="POST", path="/deployments/{id:uuid}/resume_deployment",
              handler=resume_deployment, summary="Resume Deployment", tag="Deployments"),
)  # fmt: skip
