"""What sockets that send have in common: a filter is asked for, and nobody is waited for."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, json

from ...patience import end
from ..context import Context
from ..event_stream.subscriptions import Subscription
from .socket import Ping, Socket

F = TypeVar("F")

_log = logging.getLogger(__name__)


class _Wanted(Struct, frozen=True):
    type: str
    filter: msgspec.Raw = msgspec.Raw()
    backfill: bool | None = True


async def asked(socket: Socket, filter_type: type[F]) -> tuple[F, bool] | None:
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


async def cannot_serve(socket: Socket, error: Exception) -> None:
    """Send the peer away for a while, because of *error*."""
    _log.warning("a subscription cannot be served: %s", error)
    await socket.close(1013, "Try again later")


async def serve(
    context: Context,
    socket: Socket,
    subscription: Subscription[Any],
    sending: Coroutine[Any, Any, None],
) -> None:
    """Let *sending* go on until the peer goes, falls behind, or the log cannot be read."""
    sender = asyncio.create_task(sending)
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
    elif isinstance(ended[0], context.outages):
        await cannot_serve(socket, ended[0])
    elif isinstance(ended[0], Exception):
        raise ended[0]


async def send_bounded(context: Context, socket: Socket, frame: str) -> None:
    """Send *frame*, unless a client would refuse it for its size."""
    if len(frame.encode()) > context.limits.out_frame_bytes_max:
        _log.warning("a frame of %d characters is too large for a subscriber", len(frame))
        return
    await socket.send(frame)


async def _answer_pings(socket: Socket) -> None:
    while (frame := await socket.receive()) is not None:
        if isinstance(frame, Ping):
            await socket.pong(frame)
