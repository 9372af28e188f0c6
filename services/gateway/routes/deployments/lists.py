"""Deployments, many at a time, from the view."""

from events.queries import DeploymentQuery
from events.resources.deployments import Deployment

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.deployments import DeploymentResponse, deployment_response
from ..concurrency.reading import limits_shown


async def filter_deployments(context: Context, call: Call) -> Reply:
    """A page of deployments."""
    query = call.as_query(DeploymentQuery)
    await context.writes.are_visible()
    found = await context.views.resources(query)
    deployments = [one for one in found if isinstance(one, Deployment)]
    ids = {one.id: one.global_concurrency_limit_id for one in deployments}
    limits = await limits_shown(context, [id for id in ids.values() if id is not None])
    limit_of = {one: limits.get(id) for one, id in ids.items() if id is not None}
    return answered([deployment_response(one, limit_of.get(one.id)) for one in deployments])


async def count_deployments(context: Context, call: Call) -> Reply:
    """How many deployments match."""
    query = call.as_query(DeploymentQuery)
    await context.writes.are_visible()
    return answered(await context.views.count_resources(query))


OPERATIONS = (
    Operation(method="POST", path="/deployments/filter", handler=filter_deployments,
              summary="Read Deployments", tag="Deployments", takes=DeploymentQuery,
              gives=list[DeploymentResponse]),
    Operation(method="POST", path="/deployments/count", handler=count_deployments,
              summary="Count Deployments", tag="Deployments", takes=DeploymentQuery, gives=int),
)  # fmt: skip
