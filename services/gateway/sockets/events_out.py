"""Events out: what a subscriber asked for, first from the log, then as it happens."""

import asyncio
import logging
from collections.abc import Mapping

import msgspec
from msgspec import Struct, json
from starlette.types import Receive, Scope, Send

from events.log import Head
from events.told.event import frame_of
from events.told.filters import EventFilter

from ...patience import end
from ..context import Context
from ..event_stream.backfill import backfill
from ..event_stream.feed import Subscription
from .socket import Ping, Socket

_log = logging.getLogger(__name__)


class _Wanted(Struct, frozen=True):
    type: str
    filter: msgspec.Raw = msgspec.Raw()
    backfill: bool | None = True


class EventsOut:
    """The application behind `/events/out`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(scope, receive, send)
        if await socket.admit(self._context.access, "read") is None:
            return
        asked = await _asked(socket)
        if asked is None:
            return
        wanted, has_backfill = asked
        try:
            subscription, heads = await self._context.feed.subscribe(wanted)
        except self._context.outages as error:
            _log.warning("a subscription cannot be served: %s", error)
            await socket.close(1013, "Try again later")
            return
        try:
            await self._serve(socket, subscription, heads, has_backfill)
        finally:
            await self._context.feed.unsubscribe(subscription)

    async def _serve(
        self,
        socket: Socket,
        subscription: Subscription,
        heads: Mapping[int, Head],
        has_backfill: bool,
    ) -> None:
        """Send until the peer goes, falls behind, or the log cannot be read."""
        sender = asyncio.create_task(self._send(socket, subscription, heads, has_backfill))
        peer = asyncio.create_task(_answer_pings(socket))
        behind = asyncio.create_task(subscription.is_behind.wait())
        tasks = (sender, peer, behind)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(*tasks)
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        if ended[1] is None:
            return
        if subscription.is_behind.is_set():
            _log.warning("a subscriber is too slow and is sent away")
            await socket.close(1013, "Too slow: reconnect and catch up")
        elif isinstance(ended[0], self._context.outages):
            await socket.close(1013, "Try again later")
        elif isinstance(ended[0], Exception):
            raise ended[0]

    async def _send(
        self,
        socket: Socket,
        subscription: Subscription,
        heads: Mapping[int, Head],
        has_backfill: bool,
    ) -> None:
        most = self._context.limits.out_frame_bytes_max
        if has_backfill:
            async for event in backfill(self._context, subscription.wanted, heads):
                await _send_bounded(socket, frame_of(event), most)
        sent = {partition: head.position for partition, head in heads.items()}
        while True:
            partition, position, frame = await subscription.next()
            if partition < 0 or position > sent[partition]:
                await _send_bounded(socket, frame, most)


async def _asked(socket: Socket) -> tuple[EventFilter, bool] | None:
    """The filter that the peer sends, and whether it wants what has been; None if it is none."""
    text = await socket.next_text()
    if text is None:
        return None
    try:
        asked = json.decode(text, type=_Wanted)
    except msgspec.DecodeError:
        asked = None
    if asked is None or asked.type != "filter":
        await socket.close(1002, "Expected 'filter' message")
        return None
    if not len(asked.filter):
        await socket.close(1002, "Invalid filter: 'filter'")
        return None
    try:
        return json.decode(asked.filter, type=EventFilter), asked.backfill is not False
    except msgspec.DecodeError as error:
        await socket.close(1002, f"Invalid filter: {error}")
        return None


async def _answer_pings(socket: Socket) -> None:
    while (frame := await socket.receive()) is not None:
        if isinstance(frame, Ping):
            await socket.pong(frame)


async def _send_bounded(socket: Socket, frame: str, most: int) -> None:
    if len(frame.encode()) > most:
        _log.warning("an event of %d bytes is too large for a subscriber", len(frame))
        return
    await socket.send(frame)
