"""Deployments, many at a time, from the view."""

from typing import Annotated

from msgspec import Meta, Struct

from events.queries import DeploymentQuery, DeploymentSort, RunFilters
from events.resources.deployments import Deployment

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.deployments import DeploymentResponse, deployment_response
from ...resources import counted
from ..concurrency.reading import limits_shown
from ..pages import numbered


class DeploymentPages(RunFilters, frozen=True, kw_only=True):
    """A numbered page of deployments, the first being 1."""

    sort: DeploymentSort | None = None
    limit: int | None = None
    page: Annotated[int, Meta(ge=1)] | None = None


class DeploymentPage(Struct, frozen=True):
    """One page of deployments, and how many there are."""

    results: list[DeploymentResponse]
    count: int
    limit: int
    pages: int
    page: int


async def filter_deployments(context: Context, call: Call) -> Reply:
    """A page of deployments."""
    query = call.as_query(DeploymentQuery)
    await context.writes.are_visible()
    return answered(await _page(context, query))


async def count_deployments(context: Context, call: Call) -> Reply:
    """How many deployments match."""
    return answered(await counted(context, call.as_query(DeploymentQuery)))


async def paginate_deployments(context: Context, call: Call) -> Reply:
    """A numbered page of deployments, with their count."""
    asked = call.as_query(DeploymentPages)
    at = numbered(asked.limit, asked.page)
    query = DeploymentQuery(
        flows=asked.flows,
        flow_runs=asked.flow_runs,
        task_runs=asked.task_runs,
        deployments=asked.deployments,
        work_pools=asked.work_pools,
        work_pool_queues=asked.work_pool_queues,
        sort=asked.sort,
        limit=at.limit,
        offset=at.offset,
    )
    await context.writes.are_visible()
    count = await context.views.count_resources(query)
    found = await _page(context, query)
    return answered(DeploymentPage(found, count, at.limit, at.pages(count), at.page))


async def _page(context: Context, query: DeploymentQuery) -> list[DeploymentResponse]:
    found = await context.views.resources(query)
    deployments = [one for one in found if isinstance(one, Deployment)]
    ids = {one.id: one.global_concurrency_limit_id for one in deployments}
    limits = await limits_shown(context, [id for id in ids.values() if id is not None])
    limit_of = {one: limits.get(id) for one, id in ids.items() if id is not None}
    return [deployment_response(one, limit_of.get(one.id)) for one in deployments]


OPERATIONS = (
    Operation(method="POST", path="/deployments/filter", handler=filter_deployments,
              summary="Read Deployments", tag="Deployments", takes=DeploymentQuery,
              gives=list[DeploymentResponse]),
    Operation(method="POST", path="/deployments/count", handler=count_deployments,
              summary="Count Deployments", tag="Deployments", takes=DeploymentQuery, gives=int),
    Operation(method="POST", path="/deployments/paginate", handler=paginate_deployments,
              summary="Paginate Deployments", tag="Deployments", takes=DeploymentPages,
              gives=DeploymentPage),
)  # fmt: skip
