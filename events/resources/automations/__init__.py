"""Automations: what is to be done when events come, or do not come, as a trigger says."""

from collections.abc import Iterator

from ..resource import Kind, Resource
from .actions import Action, OnDeployment
from .triggers import Trigger


class Automation(Resource, frozen=True, kw_only=True, tag="automation.v1"):
    """An automation; *owner_resource* is the resource with which clients remove it."""

    name: str
    description: str = ""
    enabled: bool = True
    tags: list[str] = []
    trigger: Trigger
    actions: list[Action]
    actions_on_trigger: list[Action] = []
    actions_on_resolve: list[Action] = []
    owner_resource: str | None = None

    @property
    def related(self) -> list[str]:
        """The ids of the resources that own it or that its actions are on, each once."""
        return list(dict.fromkeys(self._related()))

    def _related(self) -> Iterator[str]:
        if self.owner_resource is not None:
            yield self.owner_resource
        for action in (*self.actions, *self.actions_on_trigger, *self.actions_on_resolve):
            if isinstance(action, OnDeployment) and action.deployment_id is not None:
                yield f"prefect.deployment.{action.deployment_id}"


AUTOMATION = Kind(type=Automation, shown=("owner_resource", "related"))

__all__ = ["AUTOMATION", "Automation"]
