"""A socket is closed on somebody who may not come in any more, and nothing more of him is heard."""

import asyncio
from collections.abc import Awaitable

from starlette.types import Message, Receive, Send
from uvicorn.protocols.utils import ClientDisconnected

from ..http.closing import close

POLICY_VIOLATION = 1008
_gone = {"type": "websocket.disconnect", "code": POLICY_VIOLATION}


class OpenSocket:
    """One socket of *host*, as the application that answers it sees it."""

    def __init__(self, host: str, receive: Receive, send: Send) -> None:
        self.host = host
        self._receive = receive
        self._send = send
        self._is_over = False
        self._dismissal: asyncio.Task[None] | None = None

    def receive(self) -> Awaitable[Message]:
        """What came next; that the peer has gone once he is dismissed."""
        return self._receive() if self._dismissal is None else _disconnected()

    def send(self, message: Message) -> Awaitable[None]:
        """Send *message*; raises `ClientDisconnected` once the peer is dismissed."""
        if self._dismissal is not None:
            raise ClientDisconnected
        self._is_over = message["type"] == "websocket.close"
        return self._send(message)

    def dismiss(self, reason: str) -> None:
        """Close it, saying why, unless that is done or being done."""
        if not self._is_over and self._dismissal is None:
            closing = close(self._send, POLICY_VIOLATION, reason)
            self._dismissal = asyncio.create_task(closing, name="gateway: dismissal")


async def _disconnected() -> Message:
    return _gone
