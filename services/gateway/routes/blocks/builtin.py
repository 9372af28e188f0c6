"""Block types that every client brings with it, for those who want to see them beforehand.

A client that saves such a block registers its own schema of it, which then is the newest.
"""

from typing import Any

from events.resources.blocks import BlockSchema, BlockType

from ....blocks.checksums import checksum_of
from ...context import Context
from ...resources import store

VERSION = "built-in"

BUILTIN: tuple[tuple[str, str, str, dict[str, Any], list[str], list[str]], ...] = (
    (
        "Secret",
        "secret",
        "A value that only those see who ask for it.",
        {"value": {"title": "Value", "format": "password", "writeOnly": True}},
        ["value"],
        [],
    ),
    (
        "Local File System",
        "local-file-system",
        "A folder of the machine that a flow runs on.",
        {"basepath": {"title": "Basepath", "type": "string"}},
        [],
        ["get-directory", "put-directory", "read-path", "write-path"],
    ),
)
"""Of each type its name, slug, description, properties, secret fields and capabilities."""


async def install(context: Context) -> None:
    """Make those that are not there."""
    for name, slug, description, properties, secret_fields, capabilities in BUILTIN:
        type = BlockType(
            id=context.new_id(), name=name, slug=slug, description=description, is_protected=True
        )
        type, _ = await store(context, type, if_exists="keep")
        fields = {
            "title": name.replace(" ", ""),
            "type": "object",
            "properties": properties,
            "secret_fields": secret_fields,
            "block_type_slug": slug,
            "block_schema_references": {},
        }
        schema = BlockSchema(
            id=context.new_id(),
            checksum=checksum_of(fields),
            fields=fields,
            block_type_id=type.id,
            capabilities=capabilities,
            version=VERSION,
        )
        await store(context, schema, if_exists="keep")
