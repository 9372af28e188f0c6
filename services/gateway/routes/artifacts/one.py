"""One artifact: created, read, changed and deleted."""

import re
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType, structs

from events.given import given_fields
from events.resources.artifacts import Artifact

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, invalid
from ...http.operations import Operation
from ...rendering.artifacts import ArtifactResponse, artifact_response
from ...resources import amend, existing, removed, store
from ..bodies import Body

_plain = re.compile(r"[a-z0-9-]*")


class ArtifactCreate(Body, frozen=True, kw_only=True):
    """An artifact to create."""

    key: str | None = None
    type: str | None = None
    description: str | None = None
    data: Any = None
    metadata_: dict[str, str] | None = None
    flow_run_id: UUID | None = None
    task_run_id: UUID | None = None


class ArtifactUpdate(Body, frozen=True, kw_only=True):
    """What of an artifact to change; what is absent stays."""

    data: Any = UNSET
    description: str | None | UnsetType = UNSET
    metadata_: dict[str, str] | None | UnsetType = UNSET


async def create_artifact(context: Context, call: Call) -> Reply:
    """Create an artifact."""
    given = call.as_a(ArtifactCreate)
    if given.key is not None and not _plain.fullmatch(given.key):
        raise invalid(
            "Value error, Artifact key must only contain lowercase letters, numbers, and dashes.",
            "body",
            "key",
        )
    made = Artifact(id=context.new_id(), **structs.asdict(given))
    artifact, status = await store(context, made)
    return answered(artifact_response(artifact), status)


async def read_artifact(context: Context, call: Call) -> Reply:
    """An artifact."""
    return answered(artifact_response(await existing(context, Artifact, call.id)))


async def update_artifact(context: Context, call: Call) -> Reply:
    """Change what an artifact says."""
    given = call.as_a(ArtifactUpdate)
    artifact = await existing(context, Artifact, call.id)
    await amend(context, Artifact, artifact.id, given_fields(given))
    return NO_CONTENT


async def delete_artifact(context: Context, call: Call) -> Reply:
    """Forget an artifact; its key stands for the one before it."""
    return await removed(context, Artifact, call.id)


_operation = partial(Operation, tag="Artifacts")
BY_ID = "/artifacts/{id:uuid}"

OPERATIONS = (
    _operation(method="POST", path="/artifacts/", handler=create_artifact,
               summary="Create Artifact", takes=ArtifactCreate, gives=ArtifactResponse,
               statuses=(201,)),
    _operation(method="GET", path=BY_ID, handler=read_artifact, summary="Read Artifact",
               gives=ArtifactResponse),
    _operation(method="PATCH", path=BY_ID, handler=update_artifact, summary="Update Artifact",
               takes=ArtifactUpdate, statuses=(204,)),
    _operation(method="DELETE", path=BY_ID, handler=delete_artifact, summary="Delete Artifact",
               statuses=(204,)),
)  # fmt: skip
