"""Automations as clients read them."""

from uuid import UUID

from msgspec import Struct

from events.instants import Instant
from events.resources.automations import Automation
from events.resources.automations.actions import Action
from events.resources.automations.triggers import Trigger


class AutomationResponse(Struct, frozen=True, kw_only=True):
    """An automation; who owns it is not shown."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    description: str
    enabled: bool
    tags: list[str]
    trigger: Trigger
    actions: list[Action]
    actions_on_trigger: list[Action]
    actions_on_resolve: list[Action]


def automation_response(automation: Automation) -> AutomationResponse:
    """*automation* as clients read it."""
    return AutomationResponse(
        id=automation.id,
        created=automation.created,
        updated=automation.updated,
        name=automation.name,
        description=automation.description,
        enabled=automation.enabled,
        tags=automation.tags,
        trigger=automation.trigger,
        actions=automation.actions,
        actions_on_trigger=automation.actions_on_trigger,
        actions_on_resolve=automation.actions_on_resolve,
    )
