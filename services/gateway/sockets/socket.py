"""One accepted WebSocket: text frames and pings come in order, and one first message admits."""

import asyncio
from typing import Any

from msgspec import DecodeError, Struct, ValidationError, json
from starlette.types import Receive, Scope, Send

from events.resources.administration.api_keys import Scope as KeyScope

from ..access import EVERYBODY, Access, Caller
from ..http.closing import close

SUBPROTOCOL = "prefect"
ADMIT_S = 30.0
"""How long somebody may be connected without saying who it is."""


class Text(Struct, frozen=True):
    """A message."""

    body: str


class Ping(Struct, frozen=True):
    """A ping, to be answered when everything before it is done."""

    payload: bytes


class _Auth(Struct, frozen=True):
    type: str
    token: Any = None


class Socket:
    """Text in and out, pings in and pongs out."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send

    async def receive(self) -> Text | Ping | None:
        """What came next; None when the peer has gone."""
        message: Any = await self._receive()
        if message["type"] != "websocket.receive":
            return None
        ping = message.get("ping")
        if ping is not None:
            return Ping(ping)
        text = message.get("text")
        return Text(message["bytes"].decode(errors="replace") if text is None else text)

    async def next_text(self) -> str | None:
        """The next message, with pings before it answered; None when the peer has gone."""
        while True:
            frame = await self.receive()
            if frame is None:
                return None
            if isinstance(frame, Text):
                return frame.body
            await self.pong(frame)

    async def send(self, text: str) -> None:
        """Send a message."""
        await self._send({"type": "websocket.send", "text": text})

    async def pong(self, ping: Ping) -> None:
        """Answer *ping*."""
        await self._send({"type": "websocket.send", "pong": ping.payload})

    async def close(self, code: int, reason: str = "") -> None:
        """Close, saying why as far as a close frame has room for it; a peer may have gone."""
        await close(self._send, code, reason)

    async def admit(
        self, access: Access, scope: KeyScope, refusal: str | None = None
    ) -> Caller | None:
        """Accept, answer pings, and let the first message say who it is that wants *scope*.

        Who does not is told why, or *refusal*. Without the subprotocol there is no such message;
        that is for those who need not say.
        """
        await self._receive()
        if SUBPROTOCOL not in (self._scope.get("subprotocols") or ()):
            await self._send({"type": "websocket.accept" if access.is_open else "websocket.close"})
            return EVERYBODY if access.is_open else None
        await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL})
        try:
            async with asyncio.timeout(ADMIT_S):
                first = await self.next_text()
        except TimeoutError:
            first = ""
        if first is None:
            return None
        try:
            auth = json.decode(first, type=_Auth)
        except (DecodeError, ValidationError):
            auth = None
        if auth is None or auth.type != "auth":
            await self.close(1008, refusal or "Expected 'auth' message")
            return None
        caller = await access.bearer(auth.token)
        if isinstance(caller, Caller) and not caller.may(scope):
            caller = f"This needs a key with the scope {scope!r}"
        if not isinstance(caller, Caller):
            await self.close(1008, refusal or caller)
            return None
        await self.send('{"type":"auth_success"}')
        return caller
