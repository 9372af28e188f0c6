"""Events out: what a subscriber asked for, first from the log, then as it happens."""

from collections.abc import Mapping

from starlette.types import Receive, Scope, Send

from events.log import Head
from events.told.event import frame_of
from events.told.filters import EventFilter

from ..context import Context
from ..event_stream.backfill import backfill
from ..event_stream.subscriptions import Subscription
from .socket import Socket
from .subscribing import asked, cannot_serve, send_bounded, serve


class EventsOut:
    """The application behind `/events/out`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(scope, receive, send)
        if await socket.admit(self._context.access, "read") is None:
            return
        wanted = await asked(socket, EventFilter)
        if wanted is None:
            return
        filter, has_backfill = wanted
        try:
            subscription, heads = await self._context.feed.subscribe(filter)
        except self._context.outages as error:
            await cannot_serve(socket, error)
            return
        sending = self._send(socket, subscription, heads, has_backfill)
        try:
            await serve(self._context, socket, subscription, sending)
        finally:
            await self._context.feed.unsubscribe(subscription)

    async def _send(
        self,
        socket: Socket,
        subscription: Subscription[EventFilter],
        heads: Mapping[int, Head],
        has_backfill: bool,
    ) -> None:
        if has_backfill:
            async for event in backfill(self._context, subscription.wanted, heads):
                await send_bounded(self._context, socket, frame_of(event))
        sent = {partition: head.position for partition, head in heads.items()}
        while True:
            partition, position, frame = await subscription.next()
            if partition < 0 or position > sent[partition]:
                await send_bounded(self._context, socket, frame)
