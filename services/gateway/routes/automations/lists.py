"""Lists of automations: all, and those that have to do with a resource."""

from events.queries import AutomationQuery, RelatedFilter, RelatedQuery
from events.queries.criteria import Holds, TextIsAny
from events.resources.automations import Automation

from ...context import Context
from ...http.calls import Call
from ...http.errors import Refused, Reply, answered
from ...http.operations import Operation
from ...rendering.automations import AutomationResponse, automation_response
from ...resources import all_listed, counted, listed, remove


async def read_automations(context: Context, call: Call) -> Reply:
    """A page of automations."""
    found = await listed(context, Automation, call.as_query(AutomationQuery))
    return answered([automation_response(one) for one in found])


async def count_automations(context: Context, call: Call) -> Reply:
    """How many automations match."""
    return answered(await counted(context, call.as_query(AutomationQuery)))


async def read_automations_related_to_resource(context: Context, call: Call) -> Reply:
    """The automations that a resource owns or that act upon it."""
    wanted = RelatedFilter(related=Holds(text=call.path("resource_id")))
    found = await all_listed(context, Automation, RelatedQuery(related=wanted))
    return answered([automation_response(one) for one in found])


async def delete_automations_owned_by_resource(context: Context, call: Call) -> Reply:
    """Forget the automations that a resource owns."""
    wanted = RelatedFilter(owner_resource=TextIsAny(any_=[call.path("resource_id")]))
    for automation in await all_listed(context, Automation, RelatedQuery(related=wanted)):
        try:
            await remove(context, Automation, automation.id)
        except Refused as refused:
            # somebody else was faster
            if refused.reply.status != 404:
                raise
    return answered(None, 202)


OPERATIONS = (
    Operation(method="POST", path="/automations/filter", handler=read_automations,
              summary="Read Automations", tag="Automations", takes=AutomationQuery,
              gives=list[AutomationResponse]),
    Operation(method="POST", path="/automations/count", handler=count_automations,
              summary="Count Automations", tag="Automations", takes=AutomationQuery, gives=int),
    Operation(method="GET", path="/automations/related-to/{resource_id:path}",
              handler=read_automations_related_to_resource,
              summary="Read Automations Related To Resource", tag="Automations",
              gives=list[AutomationResponse]),
    Operation(method="DELETE", path="/automations/owned-by/{resource_id:path}",
              handler=delete_automations_owned_by_resource,
              summary="Delete Automations Owned By Resource", tag="Automations",
              statuses=(202,)),
)  # fmt: skip
