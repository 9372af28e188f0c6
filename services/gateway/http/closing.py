"""A socket is closed in a time limit, and told why; its peer may be gone."""

import asyncio
from contextlib import suppress

from starlette.types import Send

CLOSE_S = 10.0
"""How long a peer that reads nothing may hold up its own dismissal."""
REASON_BYTES_MAX = 123


async def close(send: Send, code: int, reason: str = "") -> None:
    """Close, saying why as far as a close frame has room for it."""
    shown = reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")
    with suppress(OSError):  # a timeout is one too
        async with asyncio.timeout(CLOSE_S):
            await send({"type": "websocket.close", "code": code, "reason": shown})
