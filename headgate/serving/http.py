"""An HTTP server inside our own event loop: it takes no signals, and stops when it is told to."""

import asyncio
import errno
import socket
from typing import Self

from starlette.types import ASGIApp

from services.gateway import GatewayLimits, create_server

from ..errors import ForPeople

READY_POLL_S = 0.001


class PortTaken(ForPeople):
    """It cannot be listened there; the message says where, and what to do."""


class Http:
    """Serve *app* on *host* and *port*, 0 for a free one; an asynchronous context manager.

    *serving* ends when it cannot go on.
    """

    serving: asyncio.Task[None]

    def __init__(self, app: ASGIApp, host: str, port: int, limits: GatewayLimits) -> None:
        # bound by ourselves: uvicorn would end the process when the port is taken
        self._socket = bound(host, port, "HEADGATE_PORT")
        self._server = create_server(app, limits=limits)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}/api"

    async def __aenter__(self) -> Self:
        self.serving = asyncio.create_task(self._server.serve([self._socket]), name="http")
        while not self._server.started:
            if self.serving.done():
                await self.serving
            await asyncio.sleep(READY_POLL_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = True
        await self.serving
        self._socket.close()


def bound(host: str, port: int, variable: str) -> socket.socket:
    """A socket bound to *host* and *port*; PortTaken, which names the *variable* that moves it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        mend = f"stop what listens there, or set {variable} to another one (0 takes a free one)"
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            mend = "set HEADGATE_HOST to an address of this machine"
        raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror}; {mend}") from error
    return bound
