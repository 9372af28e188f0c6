"""Blocks: created, found, changed, listed and deleted; their secrets leave here sealed."""

from functools import partial
from typing import Any, cast
from uuid import UUID

from events.queries import BlockDocumentQuery
from events.resources.blocks import BlockDocument, BlockSchema, BlockType

from ....blocks.masking import REFERENCE, is_deeper, is_reference, kept, masked
from ....blocks.opening import references_in
from ....blocks.sealing import Unsealable
from ...context import Context
from ...http.calls import Call
from ...http.errors import CONFLICT, NO_CONTENT, Reply, answered, detail, failed, invalid
from ...http.operations import Operation
from ...rendering.blocks import BlockDocumentResponse
from ...resources import change, counted, existing, listed, removed, store
from .bodies import BlockDocumentCreate, BlockDocumentUpdate
from .reading import Blocks, secret_fields_of, whole

LEVELS_MAX = 32
"""How deep data may be nested; references nest the data of several blocks."""

OTHER_TYPE = "Must migrate block document to a block schema of the same block type."


async def create_block_document(context: Context, call: Call) -> Reply:
    """Create a block."""
    given = call.as_a(BlockDocumentCreate)
    if given.name is None and not given.is_anonymous:
        raise invalid("Value error, Names must be provided for block documents.", "body", "name")
    schema = await context.resource(BlockSchema, given.block_schema_id)
    if schema is None or await context.resource(BlockType, given.block_type_id) is None:
        raise detail(409, CONFLICT)
    if schema.block_type_id != given.block_type_id:
        raise detail(400, OTHER_TYPE)
    id = context.new_id()
    await _check(context, id, given.data)
    made = BlockDocument(
        id=id,
        name=given.name or f"anonymous-{context.new_id()}",
        block_schema_id=schema.id,
        block_type_id=given.block_type_id,
        is_anonymous=given.is_anonymous,
        **_sealed(context, given.data, schema),
    )
    document, status = await store(context, made, exists="Block already exists")
    return answered(await Blocks(context).document(document), status)


async def read_block_document_by_id(context: Context, call: Call) -> Reply:
    """A block."""
    blocks = Blocks(context, with_secrets=call.query_flag("include_secrets"))
    return answered(await blocks.document(await existing(context, BlockDocument, call.id)))


async def read_block_documents(context: Context, call: Call) -> Reply:
    """A page of blocks."""
    query = call.as_query(BlockDocumentQuery)
    found = await listed(context, BlockDocument, query)
    blocks = Blocks(context, with_secrets=query.include_secrets)
    return answered([await blocks.document(one) for one in found])


async def count_block_documents(context: Context, call: Call) -> Reply:
    """How many blocks match."""
    return answered(await counted(context, call.as_query(BlockDocumentQuery)))


async def update_block_document_data(context: Context, call: Call) -> Reply:
    """Change a block's data, and move it to another schema of its type; masks keep secrets."""
    document = await existing(context, BlockDocument, call.id)
    given = call.as_a(BlockDocumentUpdate)
    schema = await context.resource(BlockSchema, given.block_schema_id or document.block_schema_id)
    if schema is None:
        raise detail(409, CONFLICT)
    if schema.block_type_id != document.block_type_id:
        raise detail(400, OTHER_TYPE)
    await _check(context, document.id, given.data)

    def changed(current: BlockDocument) -> dict[str, Any]:
        before = whole(context, current)
        after = kept(given.data, before, secret_fields_of(schema))
        if given.merge_existing_data:
            after = before | after
        if after == before and schema.id == current.block_schema_id:
            return {}
        return {"block_schema_id": schema.id, **_sealed(context, after, schema)}

    if not await change(context, BlockDocument, document.id, changed):
        raise detail(409, CONFLICT)
    return NO_CONTENT


async def delete_block_document(context: Context, call: Call) -> Reply:
    """Forget a block."""
    return await removed(context, BlockDocument, call.id)


def _sealed(context: Context, given: dict[str, Any], schema: BlockSchema) -> dict[str, Any]:
    """The fields of a block that hold *given*; raises `Refused` when there is no way to."""
    try:
        shown, secrets = masked(given, secret_fields_of(schema))
        return {"data": shown, "sealed": context.seal.sealed(secrets)}
    except Unsealable as error:
        raise failed(500, str(error)) from None


async def _check(context: Context, id: UUID, given: dict[str, Any]) -> None:
    """Raise `Refused` when the block *id* cannot hold, or refer to, what it is *given*."""
    if is_deeper(given, LEVELS_MAX):
        raise invalid(f"This is nested more than {LEVELS_MAX} levels deep", "body", "data")
    for name, value in given.items():
        if not is_reference(value):
            continue
        to: Any = value[REFERENCE]
        if not isinstance(to, dict) or "block_document_id" not in to:
            raise detail(400, f"Received block reference without a block_document_id in key {name}")
        try:
            UUID(str(cast("dict[str, Any]", to)["block_document_id"]))
        except ValueError:
            raise detail(400, f"Received no block_document_id in key {name}") from None
    for other in references_in(given).values():
        if await context.resource(BlockDocument, other) is None:
            raise detail(409, CONFLICT)
        if await _leads(context, other, id):
            raise detail(
                400,
                "Cannot create block document reference: it would introduce a cycle into the"
                f" block_document_reference graph (parent={id}, reference={other}).",
            )


async def _leads(context: Context, start: UUID, to: UUID) -> bool:
    """Whether the references from *start* on lead *to* a block."""
    seen: set[UUID] = set()
    open_ids = [start]
    while open_ids:
        id = open_ids.pop()
        if id == to:
            return True
        if id in seen:
            continue
        seen.add(id)
        document = await context.resource(BlockDocument, id)
        if document is not None:
            open_ids += references_in(document.data).values()
    return False


_operation = partial(Operation, tag="Block documents")
BY_ID = "/block_documents/{id:uuid}"

OPERATIONS = (
    _operation(method="POST", path="/block_documents/", handler=create_block_document,
               summary="Create Block Document", takes=BlockDocumentCreate,
               gives=BlockDocumentResponse, statuses=(201,)),
    _operation(method="POST", path="/block_documents/filter", handler=read_block_documents,
               summary="Read Block Documents", takes=BlockDocumentQuery,
               gives=list[BlockDocumentResponse]),
    _operation(method="POST", path="/block_documents/count", handler=count_block_documents,
               summary="Count Block Documents", takes=BlockDocumentQuery, gives=int),
    _operation(method="GET", path=BY_ID, handler=read_block_document_by_id,
               summary="Read Block Document By Id", gives=BlockDocumentResponse,
               may_ask=("include_secrets",)),
    _operation(method="PATCH", path=BY_ID, handler=update_block_document_data,
               summary="Update Block Document Data", takes=BlockDocumentUpdate, statuses=(204,)),
    _operation(method="DELETE", path=BY_ID, handler=delete_block_document,
               summary="Delete Block Document", statuses=(204,)),
)  # fmt: skip
