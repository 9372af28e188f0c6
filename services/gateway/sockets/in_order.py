"""WebSockets on which a ping waits its turn: the application sees it, and answers it.

Clients of the event stream take the pong as proof that all earlier frames were accepted. Every
WebSocket server answers pings by itself, before the application has looked at those frames; this
one hands a ping to the application like a message, as `{"type": "websocket.receive", "ping": ...}`,
and sends the pong that it gets back, `{"type": "websocket.send", "pong": ...}`.
"""

from collections import deque
from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode
from websockets.server import ServerProtocol


class _UnansweredPings(ServerProtocol):
    """Takes pings and leaves them to somebody else."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.pings: deque[bytes] = deque()

    def recv_frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.PING:
            self.pings.append(bytes(frame.data))
            self.events.append(frame)
        else:
            super().recv_frame(frame)


class InOrderProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, but for who answers pings."""

    conn: _UnansweredPings

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.conn = _UnansweredPings(
            extensions=self.conn.available_extensions,
            max_size=self.config.ws_max_size,
            logger=self.logger,
        )

    def handle_ping(self) -> None:
        """Queue the ping behind the messages before it."""
        ping: Any = {"type": "websocket.receive", "ping": self.conn.pings.popleft()}
        if self.close_sent:
            return
        self.queue.put_nowait(ping)
        if not self.read_paused:
            self.read_paused = True
            self.transport.pause_reading()

    async def send(self, message: Any) -> None:
        """As uvicorn sends, and pongs."""
        if "pong" not in message:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent:
            raise ClientDisconnected
        self.conn.send_pong(message["pong"])
        self.transport.write(b"".join(self.conn.data_to_send()))
