"""Logs out: lines that a subscriber asked for, as they are written; none that have been."""

from starlette.types import Receive, Scope, Send

from events.queries import LogFilter

from ..context import Context
from ..event_stream.subscriptions import Subscription
from .socket import Socket
from .subscribing import asked, cannot_serve, send_bounded, serve


class LogsOut:
    """The application behind `/logs/out`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(scope, receive, send)
        if await socket.admit(self._context.access, "read") is None:
            return
        wanted = await asked(socket, LogFilter)
        if wanted is None:
            return
        try:
            subscription = await self._context.log_lines.subscribe(wanted[0])
        except self._context.outages as error:
            await cannot_serve(socket, error)
            return
        try:
            await serve(self._context, socket, subscription, self._send(socket, subscription))
        finally:
            await self._context.log_lines.unsubscribe(subscription)

    async def _send(self, socket: Socket, subscription: Subscription[LogFilter]) -> None:
        while True:
            _, _, frame = await subscription.next()
            await send_bounded(self._context, socket, frame)
