"""Blocks as clients read them."""

from typing import Any
from uuid import UUID

from msgspec import Struct

from events.instants import Instant
from events.resources.blocks import BlockDocument, BlockSchema, BlockType

REFERENCES = "block_schema_references"
NONE: dict[str, Any] = {}


class BlockTypeResponse(Struct, frozen=True, kw_only=True):
    """A block type."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    slug: str
    logo_url: str | None
    documentation_url: str | None
    description: str | None
    code_example: str | None
    is_protected: bool


class BlockSchemaResponse(Struct, frozen=True, kw_only=True):
    """A block schema, and its type."""

    id: UUID
    created: Instant
    updated: Instant
    checksum: str
    fields: dict[str, Any]
    block_type_id: UUID
    block_type: BlockTypeResponse | None
    capabilities: list[str]
    version: str


class ReferredResponse(Struct, frozen=True, kw_only=True):
    """What a block says of another one that it refers to."""

    id: UUID
    name: str
    block_type: BlockTypeResponse | None
    is_anonymous: bool
    block_document_references: dict[str, Any]


class ReferenceResponse(Struct, frozen=True, kw_only=True):
    """A reference to another block."""

    block_document: ReferredResponse


class BlockDocumentResponse(Struct, frozen=True, kw_only=True):
    """A block, its secrets masked unless they were asked for."""

    id: UUID
    created: Instant
    updated: Instant
    name: str
    data: dict[str, Any]
    block_schema_id: UUID
    block_schema: BlockSchemaResponse | None
    block_type_id: UUID
    block_type_name: str | None
    block_type: BlockTypeResponse | None
    block_document_references: dict[str, ReferenceResponse]
    is_anonymous: bool


class ResultStorageResponse(Struct, frozen=True, kw_only=True):
    """The block that stores results where nothing else is said."""

    default_result_storage_block_id: UUID | None


def block_type_response(type: BlockType) -> BlockTypeResponse:
    """*type* as clients read it."""
    return BlockTypeResponse(
        id=type.id,
        created=type.created,
        updated=type.updated,
        name=type.name,
        slug=type.slug,
        logo_url=type.logo_url,
        documentation_url=type.documentation_url,
        description=type.description,
        code_example=type.code_example,
        is_protected=type.is_protected,
    )


def block_schema_response(
    schema: BlockSchema, type: BlockTypeResponse | None
) -> BlockSchemaResponse:
    """*schema* as clients read it."""
    return BlockSchemaResponse(
        id=schema.id,
        created=schema.created,
        updated=schema.updated,
        checksum=schema.checksum,
        fields={REFERENCES: NONE, **schema.fields},
        block_type_id=schema.block_type_id,
        block_type=type,
        capabilities=schema.capabilities,
        version=schema.version,
    )


def block_document_response(
    document: BlockDocument,
    shown: dict[str, Any],
    schema: BlockSchemaResponse | None,
    type: BlockTypeResponse | None,
    references: dict[str, ReferenceResponse],
) -> BlockDocumentResponse:
    """*document* as clients read it, with the data that is *shown* of it."""
    return BlockDocumentResponse(
        id=document.id,
        created=document.created,
        updated=document.updated,
        name=document.name,
        data=shown,
        block_schema_id=document.block_schema_id,
        block_schema=schema,
        block_type_id=document.block_type_id,
        block_type_name=None if type is None else type.name,
        block_type=type,
        block_document_references=references,
        is_anonymous=document.is_anonymous,
    )


def reference_response(referred: BlockDocumentResponse) -> ReferenceResponse:
    """A reference to the block *referred* to."""
    return ReferenceResponse(
        block_document=ReferredResponse(
            id=referred.id,
            name=referred.name,
            block_type=referred.block_type,
            is_anonymous=referred.is_anonymous,
            block_document_references=dict(referred.block_document_references),
        )
    )
