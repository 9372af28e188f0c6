"""Artifacts: what runs leave for people to look at, such as tables, texts and links."""

from typing import Any
from uuid import UUID

from .resource import Kind, Resource


class Artifact(Resource, frozen=True, kw_only=True, tag="artifact.v1"):
    """An artifact. Many may have the same key: the newest one is what the key stands for now.

    *data* is anything that JSON can say. The runs need not be known.
    """

    key: str | None = None
    type: str | None = None
    description: str | None = None
    data: Any = None
    metadata_: dict[str, str] | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


ARTIFACT = Kind(
    type=Artifact,
    fixed=frozenset({"key", "type", "flow_run_id", "task_run_id"}),
    called="key",
    under="flow_run_id",
    shown=("type", "task_run_id"),
)
