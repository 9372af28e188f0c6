"""Artifacts as clients read them, by themselves or as what their key stands for."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from events.identity import artifact_collection_id_of
from events.instants import Instant
from events.resources.artifacts import Artifact


class ArtifactResponse(Struct, frozen=True, kw_only=True):
    """An artifact."""

    id: UUID
    created: Instant
    updated: Instant
    key: str | None
    type: str | None
    description: str | None
    data: Any
    metadata_: dict[str, str] | None
    flow_run_id: UUID | None
    task_run_id: UUID | None


class ArtifactCollectionResponse(Struct, frozen=True, kw_only=True):
    """A key, and the newest artifact that has it; the id is the key's own."""

    id: UUID
    created: Instant
    updated: Instant
    key: str | None
    latest_id: UUID
    type: str | None
    description: str | None
    data: Any
    metadata_: dict[str, str] | None
    flow_run_id: UUID | None
    task_run_id: UUID | None


def artifact_response(artifact: Artifact) -> ArtifactResponse:
    """*artifact* as clients read it."""
    return ArtifactResponse(
        id=artifact.id,
        created=artifact.created,
        updated=artifact.updated,
        key=artifact.key,
        type=artifact.type,
        description=artifact.description,
        data=artifact.data,
        metadata_=artifact.metadata_,
        flow_run_id=artifact.flow_run_id,
        task_run_id=artifact.task_run_id,
    )


def collection_response(latest: Artifact) -> ArtifactCollectionResponse:
    """The key of *latest*, which has one, as clients read it."""
    return ArtifactCollectionResponse(
        id=artifact_collection_id_of(latest.key or ""),
        created=latest.created,
        updated=latest.updated,
        key=latest.key,
        latest_id=latest.id,
        type=latest.type,
        description=latest.description,
        data=latest.data,
        metadata_=latest.metadata_,
        flow_run_id=latest.flow_run_id,
        task_run_id=latest.task_run_id,
    )
