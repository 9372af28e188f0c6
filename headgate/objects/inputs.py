"""Inputs: what a flow run was given while it ran, and what was given to a task run."""

import json
import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, field_validator

from events.proposals.inputs import INPUT_KEY_PATTERN

from .model import Model, ObjectBaseModel

_key = re.compile(INPUT_KEY_PATTERN)


class FlowRunInput(ObjectBaseModel):
    """Text that a flow run was given under a key, and who gave it."""

    flow_run_id: UUID
    key: str
    value: str
    sender: str | None = None

    @property
    def decoded_value(self) -> Any:
        """The JSON value that the text is; ValueError when it is none."""
        return json.loads(self.value)

    @field_validator("key")
    @classmethod
    def validate_name_characters(cls, key: str) -> str:
        """Lower-case letters, digits and dashes."""
        if not _key.match(key):
            raise ValueError("key must only contain lowercase letters, numbers, and dashes")
        return key


class TaskRunInput(Model):
    """What a task run was given, as far as is shown of it; its kind is the *input_type*."""

    input_type: str


class TaskRunResult(TaskRunInput):
    """The result of another task run."""

    input_type: Literal["task_run"] = "task_run"  # pyright: ignore[reportIncompatibleVariableOverride]
    id: UUID


class FlowRunResult(TaskRunInput):
    """The result of a flow run."""

    input_type: Literal["flow_run"] = "flow_run"  # pyright: ignore[reportIncompatibleVariableOverride]
    id: UUID


class Parameter(TaskRunInput):
    """A parameter of the flow run."""

    input_type: Literal["parameter"] = "parameter"  # pyright: ignore[reportIncompatibleVariableOverride]
    name: str


class Constant(TaskRunInput):
    """A value, of which only the type is known."""

    input_type: Literal["constant"] = "constant"  # pyright: ignore[reportIncompatibleVariableOverride]
    type: str


AnyTaskRunInput = Annotated[
    TaskRunResult | FlowRunResult | Parameter | Constant, Field(discriminator="input_type")
]
