"""The server itself: its version, what it is set to, and where results go by default."""

from functools import partial
from uuid import UUID

from msgspec import Struct

from events.queries.queries import LIMIT_MAX
from events.resources.blocks import BlockDocument, BlockSchema, ResultStorage

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail
from ...http.operations import Operation
from ...rendering.blocks import ResultStorageResponse
from ...resources import remove, store

NAME = "default"
STORES = "write-path"
"""What a block can do that results are stored in."""

VIEWS = frozenset(
    {"aggregate-block-metadata", "aggregate-flow-metadata", "aggregate-worker-metadata"}
)
"""Collections that clients look for; this server knows no packages, so that each is empty."""


class ResultStorageUpdate(Struct, frozen=True, kw_only=True):
    """The block in which results are to be stored where nothing else is said."""

    default_result_storage_block_id: UUID


async def read_version(context: Context, call: Call) -> Reply:
    """The version that clients compare with their own."""
    return answered(context.limits.server_version)


async def read_settings(context: Context, call: Call) -> Reply:
    """What of the settings concerns clients: nobody is told who uses this server."""
    api = {
        "csrf_protection_enabled": context.csrf is not None,
        "default_limit": LIMIT_MAX,
        "max_parameter_size": context.limits.parameters_bytes_max,
    }
    return answered({"server": {"analytics_enabled": False, "api": api}})


async def read_server_default_result_storage(context: Context, call: Call) -> Reply:
    """Where results are stored when a flow does not say."""
    found = await context.resource_named(ResultStorage, name=NAME)
    return _shown(None if found is None else found.block_document_id)


async def update_server_default_result_storage(context: Context, call: Call) -> Reply:
    """Store results in this block when a flow does not say."""
    id = call.as_a(ResultStorageUpdate).default_result_storage_block_id
    document = await context.resource(BlockDocument, id)
    if document is None:
        raise detail(404, f"Block document {id} not found.")
    schema = await context.resource(BlockSchema, document.block_schema_id)
    if schema is None or STORES not in schema.capabilities:
        raise detail(422, f"Block document {id} cannot be used for result storage.")
    made = ResultStorage(id=context.new_id(), name=NAME, block_document_id=id)
    await store(context, made, if_exists="amend", given=["block_document_id"])
    return _shown(id)


async def clear_server_default_result_storage(context: Context, call: Call) -> Reply:
    """Store results nowhere in particular."""
    found = await context.resource_named(ResultStorage, name=NAME)
    if found is not None:
        await remove(context, ResultStorage, found.id)
    return NO_CONTENT


async def read_view_content(context: Context, call: Call) -> Reply:
    """What collections of packages offer: nothing that this server would know."""
    view = call.path("view")
    if view not in VIEWS:
        raise detail(404, f"View {view} not found in registry")
    return answered({})


def _shown(id: UUID | None) -> Reply:
    return answered(ResultStorageResponse(default_result_storage_block_id=id))


_operation = partial(Operation, tag="Admin")
STORAGE = "/admin/storage"

OPERATIONS = (
    _operation(method="GET", path="/admin/version", handler=read_version,
               summary="Read Version", gives=str),
    _operation(method="GET", path="/admin/settings", handler=read_settings,
               summary="Read Settings", gives=dict),
    _operation(method="GET", path=STORAGE, handler=read_server_default_result_storage,
               summary="Read Server Default Result Storage", gives=ResultStorageResponse),
    _operation(method="PUT", path=STORAGE, handler=update_server_default_result_storage,
               summary="Update Server Default Result Storage", takes=ResultStorageUpdate,
               gives=ResultStorageResponse),
    _operation(method="DELETE", path=STORAGE, handler=clear_server_default_result_storage,
               summary="Clear Server Default Result Storage", statuses=(204,)),
    _operation(method="GET", path="/collections/views/{view}", handler=read_view_content,
               summary="Read View Content", gives=dict, tag="Collections"),
)  # fmt: skip
