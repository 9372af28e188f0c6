"""Deployments, many at a time, from the view."""

from events.queries import DeploymentQuery, DeploymentSort
from events.resources.deployments import Deployment

from ...context import Context
from ...rendering.deployments import DeploymentResponse, deployment_response
from ..concurrency.reading import limits_shown
from ..pages import NumberedPage, PageAsked, lists


class DeploymentPages(PageAsked, frozen=True, kw_only=True):
    """A numbered page of deployments, the first being 1."""

    sort: DeploymentSort | None = None


class DeploymentPage(NumberedPage[DeploymentResponse], frozen=True):
    """One page of deployments, and how many there are."""


async def _page(context: Context, query: DeploymentQuery) -> list[DeploymentResponse]:
    found = await context.views.resources(query)
    deployments = [one for one in found if isinstance(one, Deployment)]
    ids = {one.id: one.global_concurrency_limit_id for one in deployments}
    limits = await limits_shown(context, [id for id in ids.values() if id is not None])
    limit_of = {one: limits.get(id) for one, id in ids.items() if id is not None}
    return [deployment_response(one, limit_of.get(one.id)) for one in deployments]


OPERATIONS = lists(
    "Deployments",
    DeploymentQuery,
    DeploymentPages,
    DeploymentResponse,
    DeploymentPage,
    _page,
    lambda views: views.count_resources,
)
