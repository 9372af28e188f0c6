"""Head and body of an answer leave in one write, which spares both sides a wake-up."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class _Joining:
    """A transport that holds what is written until the loop comes round, or more is written."""

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, content: bytes) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + content)
        else:
            self._held = content
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's protocol, but for how its writes leave."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take the connection."""
        super().connection_made(transport)
        self._plain = transport
        self.transport = cast(Any, _Joining(transport, self.loop))

    def handle_websocket_upgrade(self) -> None:
        """Give the connection itself to the WebSocket's protocol."""
        self.transport = self._plain
        super().handle_websocket_upgrade()
