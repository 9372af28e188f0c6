"""Blocks: configuration that flows look up by its type and name, with its secrets sealed."""

from typing import Any, Literal
from uuid import UUID

from .resource import Kind, Parent, Resource

NOT_VERSIONED = "non-versioned"
"""The version of a schema that has none."""


class BlockType(Resource, frozen=True, kw_only=True, tag="block_type.v1"):
    """What a class of blocks is called. Slugs are unique; nobody deletes a protected one."""

    name: str
    slug: str
    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None
    is_protected: bool = False


class BlockSchema(Resource, frozen=True, kw_only=True, tag="block_schema.v1"):
    """The fields of a block type in one version of it. A checksum is unique within a version."""

    checksum: str
    fields: dict[str, Any] = {}
    block_type_id: UUID
    capabilities: list[str] = []
    version: str = NOT_VERSIONED


class BlockDocument(Resource, frozen=True, kw_only=True, tag="block_document.v1"):
    """A block. Names are unique within a type.

    *data* has a mask wherever a secret stands; *sealed* holds the secrets, for those with the key.
    """

    name: str
    data: dict[str, Any] = {}
    sealed: str | None = None
    block_schema_id: UUID
    block_type_id: UUID
    is_anonymous: bool = False


class ResultStorage(Resource, frozen=True, kw_only=True, tag="result_storage.v1"):
    """The block that stores results where nothing else is said; there is at most one of these."""

    name: Literal["default"]
    block_document_id: UUID


BLOCK_TYPE = Kind(
    type=BlockType,
    keys=(("slug",),),
    fixed=frozenset({"name", "slug", "is_protected"}),
    shown=("slug",),
)
BLOCK_SCHEMA = Kind(
    type=BlockSchema,
    keys=(("checksum", "version"),),
    parent=Parent("block_type", "block_type_id"),
    fixed=frozenset({"checksum", "fields", "block_type_id", "capabilities", "version"}),
    shown=("checksum", "capabilities", "version"),
)
BLOCK_DOCUMENT = Kind(
    type=BlockDocument,
    keys=(("block_type_id", "name"),),
    parent=Parent("block_schema", "block_schema_id"),
    fixed=frozenset({"name", "block_type_id", "is_anonymous"}),
    shown=("block_type_id", "is_anonymous"),
)
RESULT_STORAGE = Kind(
    type=ResultStorage,
    keys=(("name",),),
    parent=Parent("block_document", "block_document_id"),
    fixed=frozenset({"name"}),
)
