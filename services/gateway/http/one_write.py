"""Answers leave in one write, and what requests say besides their bodies has an end.

One write of head and body spares both sides a wake-up. The parser itself would keep any number of
headers, of strangers too.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536
"""Of a request's line and headers, or of what stands around one part of a chunked body.

What arrives at once is read at once: as much more may be taken as the socket gives.
"""


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
    """uvicorn's protocol, but for how its writes leave, and for heads without an end."""

    _beside = 0
    """Bytes that are of no body, since a request or a part of its body began."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take the connection."""
        super().connection_made(transport)
        self._plain = transport
        self.transport = cast(Any, _Joining(transport, self.loop))

    def data_received(self, data: bytes) -> None:
        """Parse *data*; whoever goes on and on before the body is sent away."""
        self._beside += len(data)
        super().data_received(data)
        if self._beside > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """Count anew."""
        super().on_message_begin()
        self._beside = 0

    def on_chunk_header(self) -> None:
        """Count anew; after the last part may come more headers."""
        self._beside = 0

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        super().on_body(body)
        self._beside -= len(body)

    def handle_websocket_upgrade(self) -> None:
        """Give the connection itself to the WebSocket's protocol."""
        self.transport = self._plain
        super().handle_websocket_upgrade()
