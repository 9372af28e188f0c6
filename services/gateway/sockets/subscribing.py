"""What sockets that send have in common: a filter is asked for, and nobody is waited for."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec import Struct, json
from starlette.types import ASGIApp, Receive, Scope, Send

from events.queries import LogFilter
from events.told.filters import EventFilter

from ...patience import end
from ..context import Context
from ..event_stream.backfill import backfill
from ..event_stream.subscriptions import Subscription
from ..event_stream.tail import Ends
from ..writes import place
from .socket import Ping, Socket

F = TypeVar("F")

_log = logging.getLogger(__name__)


class Source(Protocol[F]):
    """What one can subscribe to."""

    async def subscribe(self, wanted: F) -> tuple[Subscription[F], Ends]:
        """A subscription to all that is written after the ends given with it."""
        ...

    async def unsubscribe(self, subscription: Subscription[F]) -> None:
        """Nothing more for *subscription*."""
        ...


class _Wanted(Struct, frozen=True):
    type: str
    filter: msgspec.Raw = msgspec.Raw()
    backfill: bool | None = True


class Out(Generic[F]):
    """An application whose peer subscribes to a *source*; *backfill* is what has been of it."""

    def __init__(
        self,
        context: Context,
        filter_type: type[F],
        source: Source[F],
        backfill: Callable[[Context, F, Ends], AsyncIterator[str]] | None = None,
    ) -> None:
        self._context = context
        self._filter_type = filter_type
        self._source = source
        self._backfill = backfill

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(scope, receive, send)
        if await socket.admit(self._context.access, "read") is None:
            return
        asked = await _asked(socket, self._filter_type)
        if asked is None:
            return
        wanted, wants_backfill = asked
        try:
            subscription, ends = await self._source.subscribe(wanted)
        except self._context.outages as error:
            await _cannot_serve(socket, error)
            return
        frames = self._frames(subscription, ends, wants_backfill)
        try:
            await self._serve(socket, subscription, frames)
        finally:
            await self._source.unsubscribe(subscription)

    async def _serve(
        self, socket: Socket, subscription: Subscription[F], frames: AsyncIterator[str]
    ) -> None:
        """Send until the peer goes, falls behind, or the log cannot be read."""
        sender = asyncio.create_task(self._send(socket, frames))
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
            await _cannot_serve(socket, ended[0])
        elif isinstance(ended[0], Exception):
            raise ended[0]

    async def _send(self, socket: Socket, frames: AsyncIterator[str]) -> None:
        """Send *frames*, but for those that a client would refuse for their size."""
        async for frame in frames:
            if len(frame.encode()) > self._context.limits.out_frame_bytes_max:
                _log.warning("a frame of %d characters is too large for a subscriber", len(frame))
            else:
                await socket.send(frame)

    async def _frames(
        self, subscription: Subscription[F], ends: Ends, wants_backfill: bool
    ) -> AsyncIterator[str]:
        if wants_backfill and self._backfill is not None:
            async for frame in self._backfill(self._context, subscription.wanted, ends):
                yield frame
        sent = {stream: place(end) for stream, end in ends.items()}
        while True:
            stream, at, frame = await subscription.next()
            if stream is None or at > sent[stream]:
                yield frame


def events_out(context: Context) -> ASGIApp:
    """The application behind `/events/out`: first what has been, then what happens."""
    return Out(context, EventFilter, context.feed, backfill)


def logs_out(context: Context) -> ASGIApp:
    """The application behind `/logs/out`: lines as they are written; none that have been."""
    return Out(context, LogFilter, context.log_lines)


async def _asked(socket: Socket, filter_type: type[F]) -> tuple[F, bool] | None:
    """The filter that the peer sends, and whether it wants what has been; None if it is none."""
    text = await socket.next_text()
    if text is None:
        return None
    try:
        wanted = json.decode(text, type=_Wanted)
    except msgspec.DecodeError:
        wanted = None
    if wanted is None or wanted.type != "filter":
        await socket.close(1002, "Expected 'filter' message")
        return None
    if not len(wanted.filter):
        await socket.close(1002, "Invalid filter: 'filter'")
        return None
    try:
        return json.decode(wanted.filter, type=filter_type), wanted.backfill is not False
    except msgspec.DecodeError as error:
        await socket.close(1002, f"Invalid filter: {error}")
        return None


async def _cannot_serve(socket: Socket, error: Exception) -> None:
    """Send the peer away for a while, because of *error*."""
    _log.warning("a subscription cannot be served: %s", error)
    await socket.close(1013, "Try again later")


async def _answer_pings(socket: Socket) -> None:
    while (frame := await socket.receive()) is not None:
        if isinstance(frame, Ping):
            await socket.pong(frame)
