"""Lists of artifacts: of all, and of those that are the newest of their key."""

from events.queries import ArtifactQuery, LatestArtifactFilter, LatestArtifactQuery
from events.queries.criteria import KeyIs
from events.resources.artifacts import Artifact

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered
from ...http.operations import Operation
from ...rendering.artifacts import (
    ArtifactCollectionResponse,
    ArtifactResponse,
    artifact_response,
    collection_response,
)
from ...resources import counted, listed, missing


async def read_artifacts(context: Context, call: Call) -> Reply:
    """A page of artifacts."""
    found = await listed(context, Artifact, call.as_query(ArtifactQuery))
    return answered([artifact_response(one) for one in found])


async def read_latest_artifacts(context: Context, call: Call) -> Reply:
    """A page of keys, each with its newest artifact."""
    found = await listed(context, Artifact, call.as_query(LatestArtifactQuery))
    return answered([collection_response(one) for one in found])


async def count_artifacts(context: Context, call: Call) -> Reply:
    """How many artifacts match."""
    return answered(await counted(context, call.as_query(ArtifactQuery)))


async def count_latest_artifacts(context: Context, call: Call) -> Reply:
    """How many keys have a newest artifact that matches."""
    return answered(await counted(context, call.as_query(LatestArtifactQuery)))


async def read_latest_artifact(context: Context, call: Call) -> Reply:
    """The newest artifact of a key."""
    wanted = LatestArtifactFilter(key=KeyIs(any_=[call.path("key")]))
    found = await listed(context, Artifact, LatestArtifactQuery(artifacts=wanted))
    if not found:
        raise missing(Artifact)
    return answered(artifact_response(found[0]))


OPERATIONS = (
    Operation(method="POST", path="/artifacts/filter", handler=read_artifacts,
              summary="Read Artifacts", tag="Artifacts", takes=ArtifactQuery,
              gives=list[ArtifactResponse]),
    Operation(method="POST", path="/artifacts/latest/filter", handler=read_latest_artifacts,
              summary="Read Latest Artifacts", tag="Artifacts", takes=LatestArtifactQuery,
              gives=list[ArtifactCollectionResponse]),
    Operation(method="POST", path="/artifacts/count", handler=count_artifacts,
              summary="Count Artifacts", tag="Artifacts", takes=ArtifactQuery, gives=int),
    Operation(method="POST", path="/artifacts/latest/count", handler=count_latest_artifacts,
              summary="Count Latest Artifacts", tag="Artifacts", takes=LatestArtifactQuery,
              gives=int),
    Operation(method="GET", path="/artifacts/{key}/latest", handler=read_latest_artifact,
              summary="Read Latest Artifact", tag="Artifacts", gives=ArtifactResponse),
)  # fmt: skip
