"""Events in: what clients tell. A pong says that every frame before its ping is on disk.

What an engine says of its task runs becomes proposals; whatever was received is passed on to
subscribers. A frame that is no event is kept among the dead letters, and the socket stays open.
"""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

import msgspec
from msgspec import Struct, json
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from events.identity import derived_id
from events.told.event import SentEvent

from ...patience import end
from ..access import calling
from ..context import Context
from ..event_stream.receiving import Received, accept, receive
from .inbox import Inbox
from .socket import Ping, Socket, Text

_log = logging.getLogger(__name__)
_events = json.Decoder(SentEvent)


class RejectedFrame(Struct, frozen=True, tag="rejected_event_frame", tag_field="type"):
    """A frame that could not be understood, as it is kept among the dead letters."""

    reason: str
    frame: str


class Sorted(Struct, frozen=True):
    """What a batch of frames comes to."""

    received: Received
    rejected: list[bytes]
    pings: list[Ping]


class EventsIn:
    """The application behind `/events/in`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(scope, receive, send)
        caller = await socket.admit(self._context.access, "propose")
        if caller is None:
            return
        calling.set(caller)
        limits = self._context.limits
        inbox = Inbox(limits.unsent_frames_max, limits.unsent_bytes_max)
        reader = asyncio.create_task(_read(socket, inbox), name="events in: read")
        try:
            while batch := await inbox.take():
                await self._accept(socket, batch)
        except self._context.outages as error:
            # The client sends again whatever no pong has confirmed.
            _log.warning("events cannot be kept, closing a socket: %s", error)
            await socket.close(1013, "Try again later")
        finally:
            await end(reader)

    async def _accept(self, socket: Socket, batch: list[Text | Ping]) -> None:
        found = self._sorted(batch)
        context = self._context
        if found.rejected:
            await context.proposer.send_raw(context.streams.control, found.rejected)
        await accept(context, found.received)
        for ping in found.pings:
            # who goes without waiting for it may have told more before, which is to be kept
            with suppress(ClientDisconnected):
                await socket.pong(ping)

    def _sorted(self, batch: list[Text | Ping]) -> Sorted:
        found = Sorted(Received(), [], [])
        for frame in batch:
            if isinstance(frame, Ping):
                found.pings.append(frame)
                continue
            try:
                self._sort(frame, found)
            except (msgspec.DecodeError, ValueError, RecursionError) as error:
                _log.warning("an event frame is kept as a dead letter: %s", error)
                found.rejected.append(json.encode(RejectedFrame(str(error), frame.body)))
        return found

    def _sort(self, frame: Text, found: Sorted) -> None:
        sent = _events.decode(frame.body)
        id: UUID = sent.id or derived_id(sent.occurred, frame.body)
        receive(self._context, sent, id, found.received)


async def _read(socket: Socket, inbox: Inbox) -> None:
    while (frame := await socket.receive()) is not None:
        await inbox.put(frame)
    inbox.end()
