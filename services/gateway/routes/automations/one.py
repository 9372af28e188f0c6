"""One automation: created, read, replaced, switched on and off, deleted."""

from functools import partial

from msgspec import structs

from events.resources.automations import Automation

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered
from ...http.operations import Operation
from ...rendering.automations import AutomationResponse, automation_response
from ...resources import amend, existing, removed, store
from .bodies import AutomationCreate, AutomationPartialUpdate, AutomationUpdate, automation_of


async def create_automation(context: Context, call: Call) -> Reply:
    """Create an automation."""
    given = automation_of(call, AutomationCreate, context.new_id)
    made = Automation(id=context.new_id(), **structs.asdict(given))
    automation, status = await store(context, made)
    return answered(automation_response(automation), status)


async def read_automation(context: Context, call: Call) -> Reply:
    """An automation."""
    return answered(automation_response(await existing(context, Automation, call.id)))


async def update_automation(context: Context, call: Call) -> Reply:
    """Replace an automation; what is absent is as in a new one."""
    given = automation_of(call, AutomationUpdate, context.new_id)
    automation = await existing(context, Automation, call.id)
    await amend(context, Automation, automation.id, structs.asdict(given))
    return NO_CONTENT


async def patch_automation(context: Context, call: Call) -> Reply:
    """Switch an automation on or off."""
    given = call.as_a(AutomationPartialUpdate)
    automation = await existing(context, Automation, call.id)
    await amend(context, Automation, automation.id, {"enabled": given.enabled})
    return NO_CONTENT


async def delete_automation(context: Context, call: Call) -> Reply:
    """Forget an automation."""
    return await removed(context, Automation, call.id)


_operation = partial(Operation, tag="Automations")
BY_ID = "/automations/{id:uuid}"

OPERATIONS = (
    _operation(method="POST", path="/automations/", handler=create_automation,
               summary="Create Automation", takes=AutomationCreate, gives=AutomationResponse,
               statuses=(201,)),
    _operation(method="GET", path=BY_ID, handler=read_automation, summary="Read Automation",
               gives=AutomationResponse),
    _operation(method="PUT", path=BY_ID, handler=update_automation, summary="Update Automation",
               takes=AutomationUpdate, statuses=(204,)),
    _operation(method="PATCH", path=BY_ID, handler=patch_automation, summary="Patch Automation",
               takes=AutomationPartialUpdate, statuses=(204,)),
    _operation(method="DELETE", path=BY_ID, handler=delete_automation,
               summary="Delete Automation", statuses=(204,)),
)  # fmt: skip
