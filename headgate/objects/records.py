"""Records: what runs logged, what is looked for again, who is told of what, how a server is set."""

from typing import Any
from uuid import UUID

from pydantic import field_validator

from services.values import wrong_with

from .model import DateTime, Model, ObjectBaseModel


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
        if template is not None and (problem := wrong_with(template)):
            raise ValueError(problem)
        return template


class Configuration(ObjectBaseModel):
    """How a server is set in one respect."""

    key: str
    value: dict[str, Any]
