"""Blocks with their types, schemas and references, each read once for one answer."""

from typing import Any, TypeVar, cast
from uuid import UUID

from events.resources.blocks import BlockDocument, BlockSchema, BlockType
from events.resources.resource import Resource

from ....blocks.masking import masked
from ....blocks.opening import Following, with_secrets
from ....blocks.sealing import Unsealable
from ...access import calling
from ...context import Context
from ...http.errors import failed
from ...rendering.blocks import (
    BlockDocumentResponse,
    BlockSchemaResponse,
    BlockTypeResponse,
    ReferenceResponse,
    block_document_response,
    block_schema_response,
    block_type_response,
    reference_response,
)

R = TypeVar("R", bound=Resource)


class Blocks:
    """Shows blocks, with a mask in the place of each secret.

    *with_secrets* leaves the masks away, for callers who may do more than look.
    """

    def __init__(self, context: Context, *, with_secrets: bool = False) -> None:
        self._context = context
        self._with_secrets = with_secrets and calling.get().may("propose")
        self._following = Following(self._document)
        self._read: dict[UUID, Resource | None] = {}

    async def block_type(self, id: UUID) -> BlockTypeResponse | None:
        """The block type, as clients read it."""
        found = await self._one(BlockType, id)
        return None if found is None else block_type_response(found)

    async def schema(self, schema: BlockSchema) -> BlockSchemaResponse:
        """*schema*, as clients read it."""
        return block_schema_response(schema, await self.block_type(schema.block_type_id))

    async def document(
        self, document: BlockDocument, above: tuple[UUID, ...] = ()
    ) -> BlockDocumentResponse:
        """*document*, as clients read it; a reference to one that is *above* it is left out."""
        schema = await self._one(BlockSchema, document.block_schema_id)
        shown: dict[str, Any] = dict(document.data)
        if self._with_secrets:
            shown = whole(self._context, document)
        references: dict[str, ReferenceResponse] = {}
        async for name, other in self._following.references(document, above):
            if other is None:
                del shown[name]
                continue
            referred = await self.document(other, (document.id, *above))
            shown[name], references[name] = referred.data, reference_response(referred)
        if schema is not None and not self._with_secrets:
            shown, _ = masked(shown, secret_fields_of(schema))
        return block_document_response(
            document,
            shown,
            None if schema is None else await self.schema(schema),
            await self.block_type(document.block_type_id),
            references,
        )

    async def _document(self, id: UUID) -> BlockDocument | None:
        return await self._one(BlockDocument, id)

    async def _one(self, type: type[R], id: UUID) -> R | None:
        if id not in self._read:
            self._read[id] = await self._context.resource(type, id)
        return cast("R | None", self._read[id])


def whole(context: Context, document: BlockDocument) -> dict[str, Any]:
    """The data of *document* with its secrets; raises `Refused` when they cannot be read."""
    try:
        return with_secrets(document, context.seal)
    except Unsealable as error:
        raise failed(500, str(error)) from None


def secret_fields_of(schema: BlockSchema) -> list[str]:
    """The ways to the secrets of blocks of *schema*."""
    return schema.fields.get("secret_fields") or []
