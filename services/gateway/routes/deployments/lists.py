"""Deployments, many at a time, from the view."""

from events.queries import DeploymentQuery, DeploymentSort
from events.resources.deployments import Deployment

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.deployments import DeploymentResponse, deployment_response
from ...resources import counted
from ..concurrency.reading import limits_shown
from ..pages import NumberedPage, PageAsked, paginated


class DeploymentPages(PageAsked, frozen=True, kw_only=True):
    """A numbered page of deployments, the first being 1."""

    sort: DeploymentSort | None = None


class DeploymentPage(NumberedPage[DeploymentResponse], frozen=True):
    """One page of deployments, and how many there are."""


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
    asked, count = call.as_query(DeploymentPages), context.views.count_resources
    return await paginated(context, asked, DeploymentQuery, count, _page)


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
