"""Lists of artifacts: of all, and of those that are the newest of their key."""

from events.queries import ArtifactQuery, LatestArtifactFilter, LatestArtifactQuery
from events.queries.criteria import KeyIs
from events.resources.artifacts import Artifact

from ...context import Context
from ...http.calls import Call
from ...http.errors import Reply, answered, detail
from ...http.operations import Operation
from ...rendering.artifacts import (
    ArtifactCollectionResponse,
    ArtifactResponse,
    artifact_response,
    collection_response,
)


async def read_artifacts(context: Context, call: Call) -> Reply:
    """A page of artifacts."""
    found = await _found(context, call.as_query(ArtifactQuery))
    return answered([artifact_response(one) for one in found])


async def read_latest_artifacts(context: Context, call: Call) -> Reply:
    """A page of keys, each with its newest artifact."""
    found = await _found(context, call.as_query(LatestArtifactQuery))
    return answered([collection_response(one) for one in found])


async def count_artifacts(context: Context, call: Call) -> Reply:
    """How many artifacts match."""
    return await _counted(context, call.as_query(ArtifactQuery))


async def count_latest_artifacts(context: Context, call: Call) -> Reply:
    """How many keys have a newest artifact that matches."""
    return await _counted(context, call.as_query(LatestArtifactQuery))


async def read_latest_artifact(context: Context, call: Call) -> Reply:
    """The newest artifact of a key."""
    wanted = LatestArtifactFilter(key=KeyIs(any_=[call.path("key")]))
    found = await _found(context, LatestArtifactQuery(artifacts=wanted))
    if not found:
        raise detail(404, "Artifact not found.")
    return answered(artifact_response(found[0]))


async def _found(context: Context, query: ArtifactQuery | LatestArtifactQuery) -> list[Artifact]:
    await context.writes.are_visible()
    return [one for one in await context.views.resources(query) if isinstance(one, Artifact)]


async def _counted(context: Context, query: ArtifactQuery | LatestArtifactQuery) -> Reply:
    await context.writes.are_visible()
    return answered(await context.views.count_resources(query))


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
