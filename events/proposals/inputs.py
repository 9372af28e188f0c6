"""Proposals about the inputs of a flow run, and about what answers a pause."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from .proposal import AnyProposal

INPUT_KEY_PATTERN = r"^[a-z0-9-]+(?![\s\S])"
"""Lower-case letters, digits and dashes, and nothing after them."""

InputKey = Annotated[str, Meta(pattern=INPUT_KEY_PATTERN, max_length=1_000)]
"""Lower-case letters, digits and dashes."""


class StoreInput(AnyProposal, frozen=True, kw_only=True, tag="store_input.v1"):
    """Give a flow run an input under a key that it has none under."""

    flow_run_id: UUID
    key: InputKey
    value: str
    sender: str | None = None


class DeleteInput(AnyProposal, frozen=True, kw_only=True, tag="delete_input.v1"):
    """Take an input from a flow run."""

    flow_run_id: UUID
    key: str


class ResumeFlowRun(AnyProposal, frozen=True, kw_only=True, tag="resume_flow_run.v1"):
    """Let a paused flow run go on, and give it *run_input*, what its pause asked for.

    *paused* is the id of the state that *run_input* answers: its proposer has made sure that it
    fits what that pause wants.
    """

    flow_run_id: UUID
    paused: UUID | None = None
    run_input: dict[str, Any] = {}
    api_version: str | None = None
    client_version: str | None = None
