"""Deployments, one at a time: made or brought up to date, read, changed and deleted."""

from typing import Any

from msgspec import UNSET

from events.proposals import StoreResource
from events.resources.deployments import Deployment
from events.resources.schedules import DeploymentSchedule

from ...context import Context
from ...http.calls import Call
from ...http.errors import CONFLICT, NO_CONTENT, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.deployments import DeploymentResponse, deployment_response
from ...resources import amend, ask, is_new, remove
from ..subjects import id_of
from .bodies import DeploymentCreate, DeploymentUpdate, ScheduleCreate

NOT_FOUND = "Deployment not found"

TAKEN_OVER = (
    *("paused", "concurrency_limit", "concurrency_options", "global_concurrency_limit_id"),
    *("parameter_openapi_schema", "tags", "pull_steps", "storage_document_id"),
    *("infrastructure_document_id", "description", "path", "version", "entrypoint"),
    *("version_info", "job_variables"),
)
"""What clients say of a deployment that it is, word for word."""


async def create_deployment(context: Context, call: Call) -> Reply:
    """Create a deployment, or bring the one of that flow and name up to date: 201 or 200."""
    given = call.as_a(DeploymentCreate)
    flow = await context.flow(given.flow_id)
    if flow is None:
        raise detail(409, CONFLICT)
    fields = given_fields(given)
    fields["labels"] = {
        **flow.labels, "prefect.flow.id": str(flow.id), **(given.labels or {})
    }  # fmt: skip
    fields["schedules"] = new_schedules(context, given.schedules)
    for name in ("parameters", "enforce_parameter_schema"):
        fields[name] = getattr(given, name)
    made = Deployment(id=context.new_id(), flow_id=given.flow_id, name=given.name, **fields)
    decision = await ask(
        context,
        StoreResource(
            id=str(context.new_id()),
            at=context.now(),
            resource=made,
            if_exists="amend",
            given=list(fields),
        ),
    )
    deployment = existing(await context.resource(Deployment, id_of(decision.subject)))
    return answered(deployment_response(deployment), 201 if is_new(decision) else 200)


def given_fields(given: DeploymentCreate | DeploymentUpdate) -> dict[str, Any]:
    """What was said of the deployment in so many words."""
    fields = {name: getattr(given, name) for name in TAKEN_OVER}
    return {name: value for name, value in fields.items() if value is not UNSET}


def new_schedules(context: Context, given: list[ScheduleCreate]) -> list[DeploymentSchedule]:
    """Schedules as they are stored; a 409 when two have one slug."""
    slugs = [each.slug for each in given if each.slug is not None]
    if len(slugs) != len(set(slugs)):
        raise detail(409, CONFLICT)
    now = context.now()
    return [
        DeploymentSchedule(
            id=context.new_id(),
            created=now,
            updated=now,
            schedule=each.schedule.schedule(now),
            active=each.active,
            max_scheduled_runs=each.max_scheduled_runs,
            parameters=each.parameters,
            slug=each.slug,
        )
        for each in given
    ]


async def read_deployment(context: Context, call: Call) -> Reply:
    """The deployment."""
    return answered(deployment_response(existing(await context.resource(Deployment, call.id))))


async def read_deployment_by_name(context: Context, call: Call) -> Reply:
    """The deployment of that flow and name."""
    flow = await context.flow_named(call.path("flow_name"))
    name = call.path("deployment_name")
    found = None
    if flow is not None:
        found = await context.resource_named(Deployment, flow_id=flow.id, name=name)
    return answered(deployment_response(existing(found)))


async def update_deployment(context: Context, call: Call) -> Reply:
    """Change a deployment."""
    given = call.as_a(DeploymentUpdate)
    if await context.resource(Deployment, call.id) is None:
        raise detail(404, "Deployment not found.")
    fields = given_fields(given)
    for name in ("parameters", "enforce_parameter_schema", "job_variables"):
        value = getattr(given, name)
        if value is None:
            fields.pop(name, None)
        elif value is not UNSET:
            fields[name] = value
    await amend(context, Deployment, call.id, fields)
    return NO_CONTENT


async def delete_deployment(context: Context, call: Call) -> Reply:
    """Forget a deployment."""
    existing(await context.resource(Deployment, call.id))
    await remove(context, Deployment, call.id)
    return NO_CONTENT


def existing(found: Deployment | None) -> Deployment:
    """*found*, or the 404 of a deployment."""
    if found is None:
        raise detail(404, NOT_FOUND)
    return found


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
)  # fmt: skip
