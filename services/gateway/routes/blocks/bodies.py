"""What clients send to create and change blocks, as they send it."""

from typing import Any
from uuid import UUID

from msgspec import UNSET, UnsetType

from ..bodies import Body, Name


class BlockTypeCreate(Body, frozen=True, kw_only=True):
    """A block type to create."""

    name: Name
    slug: str
    logo_url: str | None = None
    documentation_url: str | None = None
    description: str | None = None
    code_example: str | None = None


class BlockTypeUpdate(Body, frozen=True, kw_only=True):
    """What of a block type to change; what is absent stays."""

    logo_url: str | None | UnsetType = UNSET
    documentation_url: str | None | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    code_example: str | None | UnsetType = UNSET


class BlockSchemaCreate(Body, frozen=True, kw_only=True):
    """A block schema to create or find."""

    fields: dict[str, Any] = {}
    block_type_id: UUID
    capabilities: list[str] = []
    version: str = "non-versioned"


class BlockDocumentCreate(Body, frozen=True, kw_only=True):
    """A block to create."""

    name: Name | None = None
    data: dict[str, Any] = {}
    block_schema_id: UUID
    block_type_id: UUID
    is_anonymous: bool = False


class BlockDocumentUpdate(Body, frozen=True, kw_only=True):
    """What of a block to change: its data, as far as they are given unless all is to be new."""

    block_schema_id: UUID | None = None
    data: dict[str, Any] = {}
    merge_existing_data: bool = True
