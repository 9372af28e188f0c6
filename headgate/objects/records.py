"""Records: what runs logged, what is looked for again, who is told of what, how a server is set."""

from string import Formatter
from typing import Any
from uuid import UUID

from pydantic import field_validator

from .model import DateTime, Model, ObjectBaseModel

FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS = (
    "flow_run_notification_policy_id",
    "flow_id",
    "flow_name",
    "flow_run_url",
    "flow_run_id",
    "flow_run_name",
    "flow_run_parameters",
    "flow_run_state_type",
    "flow_run_state_name",
    "flow_run_state_timestamp",
    "flow_run_state_message",
)
"""What a message may name."""


class Log(ObjectBaseModel):
    """A line that a run logged; levels are those of Python."""

    name: str
    level: int
    message: str
    timestamp: DateTime
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class SavedSearchFilter(Model):
    """A condition of a search."""

    object: str
    property: str
    type: str
    operation: str
    value: Any


class SavedSearch(ObjectBaseModel):
    """A search that was saved under a name."""

    name: str
    filters: list[SavedSearchFilter] = []


class FlowRunNotificationPolicy(ObjectBaseModel):
    """Who enters one of the states and has one of the tags is told of, through a block."""

    is_active: bool = True
    state_names: list[str]
    tags: list[str]
    block_document_id: UUID
    message_template: str | None = None

    @field_validator("message_template")
    @classmethod
    def validate_message_template_variables(cls, template: str | None) -> str | None:
        """Only known variables, each alone in its braces."""
        for _, name, spec, conversion in Formatter().parse(template or ""):
            if name is None:
                continue
            if name not in FLOW_RUN_NOTIFICATION_TEMPLATE_KWARGS or spec or conversion:
                raise ValueError(f"Invalid template variable provided: '{name}'")
        return template


class Configuration(ObjectBaseModel):
    """How a server is set in one respect."""

    key: str
    value: dict[str, Any]
