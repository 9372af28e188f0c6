"""Blocks: configuration that flows look up by its type and name."""

from collections.abc import Iterator
from typing import Any, Self, cast
from uuid import UUID

from pydantic import (
    HttpUrl,
    Secret,
    SecretBytes,
    SecretStr,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from events.resources.blocks import NOT_VERSIONED
from services.blocks.masking import masked

from .model import Name, ObjectBaseModel

DEFAULT_BLOCK_SCHEMA_VERSION = NOT_VERSIONED


class BlockType(ObjectBaseModel):
    """What a class of blocks is called; nobody deletes a protected one."""

    name: Name
    slug: str
    logo_url: HttpUrl | None = None
    documentation_url: HttpUrl | None = None
    description: str | None = None
    code_example: str | None = None
    is_protected: bool = False


class BlockSchema(ObjectBaseModel):
    """The fields of a block type in one version of it, and what its blocks can do."""

    checksum: str
    fields: dict[str, Any] = {}
    block_type_id: UUID | None
    block_type: BlockType | None = None
    capabilities: list[str] = []
    version: str = DEFAULT_BLOCK_SCHEMA_VERSION


class BlockSchemaReference(ObjectBaseModel):
    """That a schema has another one in the field that is its name."""

    parent_block_schema_id: UUID
    parent_block_schema: BlockSchema | None = None
    reference_block_schema_id: UUID
    reference_block_schema: BlockSchema | None = None
    name: str


class BlockDocument(ObjectBaseModel):
    """A block. Its secrets are masked when it is written out, unless they are asked for.

    Ask with `model_dump(context={"include_secrets": True})`. Which fields are secret is what its
    schema says; without a schema, nothing is masked that the server has not masked.
    """

    name: Name | None = None
    data: dict[str, Any] = {}
    block_schema_id: UUID
    block_schema: BlockSchema | None = None
    block_type_id: UUID
    block_type_name: str | None = None
    block_type: BlockType | None = None
    block_document_references: dict[str, dict[str, Any]] = {}
    is_anonymous: bool = False

    @model_validator(mode="after")
    def validate_name_is_present_if_not_anonymous(self) -> Self:
        """Only an anonymous block has no name."""
        if not self.is_anonymous and not self.name:
            raise ValueError("Names must be provided for block documents.")
        return self

    @model_serializer(mode="wrap")
    def serialize_data(
        self, handler: SerializerFunctionWrapHandler, info: SerializationInfo
    ) -> dict[str, Any]:
        """The fields, the secrets in the data masked unless the context includes them."""
        context: dict[str, Any] = info.context or {}
        if context.get("include_secrets"):
            return handler(self.model_copy(update={"data": _revealed(self.data)}))
        shown: dict[str, Any] = handler(self)
        if "data" in shown and self.block_schema:
            secret: list[str] = self.block_schema.fields.get("secret_fields") or []
            shown["data"] = masked(shown["data"], secret)[0]
        return shown

    def references(self) -> "Iterator[BlockDocumentReference]":
        """The other blocks that it refers to."""
        for name, reference in self.block_document_references.items():
            yield BlockDocumentReference(
                parent_block_document_id=self.id,
                parent_block_document=self,
                reference_block_document_id=reference["block_document"]["id"],
                name=name,
            )


def _revealed(value: Any) -> Any:
    """*value*, with what pydantic's secrets hide in their places."""
    if isinstance(value, (Secret, SecretStr, SecretBytes)):
        return cast("Secret[Any]", value).get_secret_value()
    if isinstance(value, dict):
        return {key: _revealed(each) for key, each in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return [_revealed(each) for each in cast("list[Any]", value)]
    if isinstance(value, tuple):
        return tuple(_revealed(each) for each in cast("tuple[Any, ...]", value))
    return value


class BlockDocumentReference(ObjectBaseModel):
    """That a block has another one in the field that is its name."""

    parent_block_document_id: UUID
    parent_block_document: BlockDocument | None = None
    reference_block_document_id: UUID
    reference_block_document: BlockDocument | None = None
    name: str

    @model_validator(mode="after")
    def validate_parent_and_ref_are_different(self) -> Self:
        """No block has itself."""
        if self.parent_block_document_id == self.reference_block_document_id:
            raise ValueError(
                "`parent_block_document_id` and `reference_block_document_id` cannot be the same"
            )
        return self
