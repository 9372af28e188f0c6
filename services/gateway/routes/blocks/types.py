"""Block types: created, found by slug or id, changed, listed and deleted with all their blocks."""

import re
from functools import partial

from msgspec import structs

from events.given import given_fields
from events.queries import BlockDocumentFilter, BlockDocumentQuery, BlockTypeQuery
from events.queries.criteria import IdIsAny
from events.queries.queries import LIMIT_MAX
from events.resources.blocks import BlockDocument, BlockType

from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail, invalid
from ...http.operations import Operation
from ...rendering.blocks import BlockDocumentResponse, BlockTypeResponse, block_type_response
from ...resources import amend, existing, listed, missing, remove, store
from .bodies import BlockTypeCreate, BlockTypeUpdate
from .builtin import install
from .reading import Blocks

_plain = re.compile(r"[a-z0-9-]+")

RESERVED = "prefect"
OFFSET_MAX = 2**31


async def create_block_type(context: Context, call: Call) -> Reply:
    """Create a block type."""
    given = call.as_a(BlockTypeCreate)
    if not _plain.fullmatch(given.slug):
        raise invalid(
            "Value error, Block type slug must only contain lowercase letters, numbers, and"
            " dashes.",
            "body",
            "slug",
        )
    if given.name.lower().startswith(RESERVED):
        raise detail(403, "Block type names beginning with 'Prefect' are reserved.")
    made = BlockType(id=context.new_id(), **structs.asdict(given))
    exists = f'Block type with name "{given.name}" already exists'
    type, status = await store(context, made, exists=exists)
    return answered(block_type_response(type), status)


async def read_block_type_by_id(context: Context, call: Call) -> Reply:
    """A block type."""
    return answered(block_type_response(await existing(context, BlockType, call.id)))


async def read_block_type_by_slug(context: Context, call: Call) -> Reply:
    """A block type by its slug."""
    return answered(block_type_response(await existing(context, BlockType, slug=call.path("slug"))))


async def read_block_types(context: Context, call: Call) -> Reply:
    """A page of block types."""
    found = await listed(context, BlockType, call.as_query(BlockTypeQuery))
    return answered([block_type_response(one) for one in found])


async def update_block_type(context: Context, call: Call) -> Reply:
    """Change a block type."""
    type = await existing(context, BlockType, call.id)
    await amend(context, BlockType, type.id, given_fields(call.as_a(BlockTypeUpdate)))
    return NO_CONTENT


async def delete_block_type(context: Context, call: Call) -> Reply:
    """Forget a block type, its schemas and its blocks."""
    type = await existing(context, BlockType, call.id)
    if type.is_protected:
        raise detail(403, "protected block types cannot be deleted.")
    await remove(context, BlockType, type.id)
    return NO_CONTENT


async def read_block_documents_for_block_type(context: Context, call: Call) -> Reply:
    """The blocks of a type that have names of their own."""
    type = await existing(context, BlockType, slug=call.path("slug"))
    query = BlockDocumentQuery(
        block_documents=BlockDocumentFilter(block_type_id=IdIsAny(any_=[type.id])),
        limit=call.query_count("limit", LIMIT_MAX),
        offset=call.query_count("offset", OFFSET_MAX),
    )
    blocks = Blocks(context, with_secrets=call.query_flag("include_secrets"))
    found = await listed(context, BlockDocument, query)
    return answered([await blocks.document(one) for one in found])


async def read_block_document_by_name_for_block_type(context: Context, call: Call) -> Reply:
    """A block by its type and name."""
    blocks = Blocks(context, with_secrets=call.query_flag("include_secrets"))
    type = await context.resource_named(BlockType, slug=call.path("slug"))
    if type is None:
        raise missing(BlockDocument)
    name = call.path("block_document_name")
    document = await existing(context, BlockDocument, block_type_id=type.id, name=name)
    return answered(await blocks.document(document))


async def install_system_block_types(context: Context, call: Call) -> Reply:
    """Make the built-in block types, where that is switched on."""
    if context.limits.builtin_block_types:
        await install(context)
    return answered(None)


_operation = partial(Operation, tag="Block types")
BY_ID, BY_SLUG = "/block_types/{id:uuid}", "/block_types/slug/{slug}"

OPERATIONS = (
    _operation(method="POST", path="/block_types/", handler=create_block_type,
               summary="Create Block Type", takes=BlockTypeCreate, gives=BlockTypeResponse,
               statuses=(201,)),
    _operation(method="POST", path="/block_types/filter", handler=read_block_types,
               summary="Read Block Types", takes=BlockTypeQuery, gives=list[BlockTypeResponse]),
    _operation(method="POST", path="/block_types/install_system_block_types",
               handler=install_system_block_types, summary="Install System Block Types"),
    _operation(method="GET", path=BY_SLUG, handler=read_block_type_by_slug,
               summary="Read Block Type By Slug", gives=BlockTypeResponse),
    _operation(method="GET", path=f"{BY_SLUG}/block_documents",
               handler=read_block_documents_for_block_type,
               summary="Read Block Documents For Block Type", gives=list[BlockDocumentResponse],
               may_ask=("include_secrets", "limit", "offset")),
    _operation(method="GET", path=f"{BY_SLUG}/block_documents/name/{{block_document_name}}",
               handler=read_block_document_by_name_for_block_type,
               summary="Read Block Document By Name For Block Type", gives=BlockDocumentResponse,
               may_ask=("include_secrets",)),
    _operation(method="GET", path=BY_ID, handler=read_block_type_by_id,
               summary="Read Block Type By Id", gives=BlockTypeResponse),
    _operation(method="PATCH", path=BY_ID, handler=update_block_type,
               summary="Update Block Type", takes=BlockTypeUpdate, statuses=(204,)),
    _operation(method="DELETE", path=BY_ID, handler=delete_block_type,
               summary="Delete Block Type", statuses=(204,)),
)  # fmt: skip
