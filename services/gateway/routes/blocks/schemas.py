"""Block schemas: created or found by what they say, listed, and deleted with their blocks."""

from functools import partial
from typing import Any, cast

from msgspec import Struct, ValidationError, convert, structs

from events.queries import BlockSchemaChecked, BlockSchemaQuery
from events.queries.criteria import TextIsAny
from events.resources.blocks import BlockSchema, BlockType

from ....blocks.checksums import checksum_of
from ....blocks.masking import is_deeper
from ...context import Context
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, detail, invalid
from ...http.operations import Operation
from ...rendering.blocks import REFERENCES, BlockSchemaResponse
from ...resources import all_listed, existing, listed, missing, remove, store
from .bodies import BlockSchemaCreate
from .reading import Blocks

LEVELS_MAX = 64
"""How deep fields may be nested."""


class Referred(Struct, frozen=True):
    """The type of a block that is part of another one."""

    block_type_slug: str


async def create_block_schema(context: Context, call: Call) -> Reply:
    """Create a block schema, or find the one of this checksum and version."""
    given = call.as_a(BlockSchemaCreate)
    if is_deeper(given.fields, LEVELS_MAX):
        raise invalid(f"This is nested more than {LEVELS_MAX} levels deep", "body", "fields")
    _check_secret_fields(given.fields)
    if await context.resource(BlockType, given.block_type_id) is None:
        raise detail(404, f"Block type {given.block_type_id} not found.")
    for slug in _slugs(given.fields):
        if await context.resource_named(BlockType, slug=slug) is None:
            raise detail(
                409,
                f"Cannot create block schema because block type '{slug}' was not found."
                "Did you forget to register the block type?",
            )
    checksum = checksum_of(given.fields)
    made = BlockSchema(id=context.new_id(), checksum=checksum, **structs.asdict(given))
    schema, status = await store(context, made, if_exists="keep")
    return answered(await Blocks(context).schema(schema), status)


async def read_block_schema_by_id(context: Context, call: Call) -> Reply:
    """A block schema."""
    return answered(await Blocks(context).schema(await existing(context, BlockSchema, call.id)))


async def read_block_schema_by_checksum(context: Context, call: Call) -> Reply:
    """A block schema by its checksum and version, or the newest of this checksum."""
    checksum, version = call.path("checksum"), call.query("version")
    if version is not None:
        schema = await existing(context, BlockSchema, checksum=checksum, version=version)
        return answered(await Blocks(context).schema(schema))
    demands = BlockSchemaChecked(checksum=TextIsAny(any_=[checksum]))
    query = BlockSchemaQuery(block_schemas=demands, limit=1)
    newest = await listed(context, BlockSchema, query)
    if not newest:
        raise missing(BlockSchema)
    return answered(await Blocks(context).schema(newest[0]))


async def read_block_schemas(context: Context, call: Call) -> Reply:
    """A page of block schemas, the newest first."""
    found = await listed(context, BlockSchema, call.as_query(BlockSchemaQuery))
    blocks = Blocks(context)
    return answered([await blocks.schema(one) for one in found])


async def delete_block_schema(context: Context, call: Call) -> Reply:
    """Forget a block schema and its blocks."""
    schema = await existing(context, BlockSchema, call.id)
    type = await context.resource(BlockType, schema.block_type_id)
    if type is not None and type.is_protected:
        raise detail(403, "Block schemas for protected block types cannot be deleted.")
    await remove(context, BlockSchema, schema.id)
    return NO_CONTENT


async def read_available_block_capabilities(context: Context, call: Call) -> Reply:
    """What blocks of any schema can do."""
    schemas = await all_listed(context, BlockSchema, BlockSchemaQuery())
    return answered(sorted({able for one in schemas for able in one.capabilities}))


def _check_secret_fields(fields: dict[str, Any]) -> None:
    given: Any = fields.get("secret_fields", [])
    if not isinstance(given, list) or not all(
        isinstance(each, str) for each in cast("list[Any]", given)
    ):
        raise invalid("Input should be a valid list of texts", "body", "fields", "secret_fields")


def _slugs(fields: dict[str, Any]) -> list[str]:
    """The slugs of the types whose blocks may be part of one; raises `Refused` with a 422."""
    try:
        given = convert(fields.get(REFERENCES, {}), dict[str, Referred | list[Referred]])
    except ValidationError as error:
        raise invalid(str(error), "body", "fields", REFERENCES) from None
    return [
        one.block_type_slug
        for referred in given.values()
        for one in (referred if isinstance(referred, list) else [referred])
    ]


_operation = partial(Operation, tag="Block schemas")
BY_ID = "/block_schemas/{id:uuid}"

OPERATIONS = (
    _operation(method="POST", path="/block_schemas/", handler=create_block_schema,
               summary="Create Block Schema", takes=BlockSchemaCreate, gives=BlockSchemaResponse,
               statuses=(200, 201)),
    _operation(method="POST", path="/block_schemas/filter", handler=read_block_schemas,
               summary="Read Block Schemas", takes=BlockSchemaQuery,
               gives=list[BlockSchemaResponse]),
    _operation(method="GET", path="/block_schemas/checksum/{checksum}",
               handler=read_block_schema_by_checksum, summary="Read Block Schema By Checksum",
               gives=BlockSchemaResponse, may_ask=("version",)),
    _operation(method="GET", path=BY_ID, handler=read_block_schema_by_id,
               summary="Read Block Schema By Id", gives=BlockSchemaResponse),
    _operation(method="DELETE", path=BY_ID, handler=delete_block_schema,
               summary="Delete Block Schema", statuses=(204,)),
    Operation(method="GET", path="/block_capabilities/",
              handler=read_available_block_capabilities,
              summary="Read Available Block Capabilities", tag="Block capabilities",
              gives=list[str]),
)  # fmt: skip
