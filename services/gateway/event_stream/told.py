"""Where events are kept that clients tell and the log does not hold."""

from collections.abc import Sequence
from typing import Protocol


class Told(Protocol):
    """The stream of what is told."""

    async def tell(self, events: Sequence[bytes]) -> str:
        """Append events; the id of the last one."""
        ...
