"""Blocks are opened: their secrets are put back, and the blocks in that they refer to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

from events.resources.blocks import BlockDocument

from .masking import REFERENCE, is_reference, unmasked
from .sealing import Seal

DEPTH_MAX = 8
"""How far references are followed."""

FOLLOWED_MAX = 10_000
"""How many references are followed for one answer; others are shown as they are."""

Read = Callable[[UUID], Awaitable[BlockDocument | None]]


class Following:
    """Follows the references of blocks that *read* finds, so far and so many of them."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._followed = 0

    async def references(
        self, document: BlockDocument, above: tuple[UUID, ...]
    ) -> AsyncIterator[tuple[str, BlockDocument | None]]:
        """By name, the blocks that *document* refers to; None for one that is left out.

        That is one that is not there, one that is *above* it, and one that is too far.
        """
        for name, id in references_in(document.data).items():
            other = await self._read(id)
            if other is None or id in (document.id, *above) or len(above) >= DEPTH_MAX:
                yield name, None
                continue
            self._followed += 1
            if self._followed <= FOLLOWED_MAX:
                yield name, other


async def opened(document: BlockDocument, seal: Seal, read: Read) -> dict[str, Any]:
    """The data of *document* with all secrets, and the data of others where it refers to them.

    Raises `Unsealable`.
    """
    return await _opened(document, seal, Following(read), ())


async def _opened(
    document: BlockDocument, seal: Seal, following: Following, above: tuple[UUID, ...]
) -> dict[str, Any]:
    whole = with_secrets(document, seal)
    async for name, other in following.references(document, above):
        if other is None:
            del whole[name]
        else:
            whole[name] = await _opened(other, seal, following, (document.id, *above))
    return whole


def with_secrets(document: BlockDocument, seal: Seal) -> dict[str, Any]:
    """The data of *document* with its own secrets. Raises `Unsealable`."""
    return unmasked(document.data, seal.opened(document.sealed))


def references_in(data: dict[str, Any]) -> dict[str, UUID]:
    """The blocks that a block of this *data* refers to."""
    return {
        name: UUID(value[REFERENCE]["block_document_id"])
        for name, value in data.items()
        if is_reference(value)
    }
