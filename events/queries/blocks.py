"""Queries of blocks: of a type, of schemas, and of documents, whose type and schema may be asked.

A demand is on the field of the same name, as it is for all plain kinds.
"""

from msgspec import field

from .criteria import AllOf, Combined, Contains, Criterion, Equals, IdIsAny, NameIs, TextIsAny
from .resources import KindPage
from .sorts import BlockDocumentSort


class BlockTypeFilter(Criterion, frozen=True, kw_only=True):
    """Which block types."""

    name: Contains | None = None
    slug: TextIsAny | None = None


class BlockSchemaFilter(Combined, frozen=True, kw_only=True):
    """Which block schemas."""

    id: IdIsAny | None = None
    block_type_id: IdIsAny | None = None
    capabilities: AllOf | None = field(default=None, name="block_capabilities")
    version: TextIsAny | None = None


class BlockSchemaChecked(BlockSchemaFilter, frozen=True, kw_only=True):
    """Which block schemas, by their checksums too."""

    checksum: TextIsAny | None = None


class BlockDocumentFilter(Combined, frozen=True, kw_only=True):
    """Which block documents; not the anonymous ones, unless they are asked for."""

    id: IdIsAny | None = None
    name: NameIs | None = None
    block_type_id: IdIsAny | None = None
    is_anonymous: Equals | None = Equals(eq_=False)


class BlockTypeQuery(KindPage, frozen=True, kw_only=True):
    """A page of block types, those with a schema that matches when schemas are filtered."""

    kind = "block_type"
    filtered = "block_types"

    block_types: BlockTypeFilter | None = None
    block_schemas: BlockSchemaFilter | None = None


class BlockSchemaQuery(KindPage, frozen=True, kw_only=True):
    """A page of block schemas, the newest first."""

    kind = "block_schema"
    filtered = "block_schemas"
    ordered = "CREATED_DESC"

    block_schemas: BlockSchemaFilter | None = None


class BlockDocumentQuery(KindPage, frozen=True, kw_only=True):
    """A page of block documents, of types and schemas that match when they are filtered."""

    kind = "block_document"
    filtered = "block_documents"

    block_documents: BlockDocumentFilter | None = None
    block_types: BlockTypeFilter | None = None
    block_schemas: BlockSchemaFilter | None = None
    include_secrets: bool = False
    sort: BlockDocumentSort | None = None

    @property
    def demands(self) -> BlockDocumentFilter:
        """What is demanded of a document; whoever says nothing asks for no anonymous ones."""
        return self.block_documents or BlockDocumentFilter()
