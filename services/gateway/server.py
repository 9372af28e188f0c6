"""The HTTP server: uvicorn on httptools, with our WebSockets, inside whatever loop there is."""

from collections.abc import Generator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from .http.one_write import OneWriteProtocol
from .limits import GatewayLimits
from .sockets.in_order import InOrderProtocol

SHUTDOWN_S = 10


class GatewayServer(uvicorn.Server):
    """Leaves signals to whoever runs the process: set `should_exit` to stop it gracefully."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield

    @property
    def port(self) -> int:
        """The port that it listens on; known once it has started."""
        return self.servers[0].sockets[0].getsockname()[1]


def create_server(
    app: ASGIApp,
    *,
    host: str = "127.0.0.1",
    port: int = 4200,
    limits: GatewayLimits | None = None,
    shutdown_s: int = SHUTDOWN_S,
) -> GatewayServer:
    """A server of *app*, not started: `await server.serve()`. Port 0 takes a free one.

    Connections still open *shutdown_s* seconds after the stop are cut.
    """
    limits = limits or GatewayLimits()
    return GatewayServer(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="none",
            interface="asgi3",  # a guard need not be a coroutine function to be one
            http=OneWriteProtocol,
            ws=InOrderProtocol,
            ws_max_size=limits.frame_bytes_max,
            lifespan="on",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # whose are believed is a setting, and a guard
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=shutdown_s,
        )
    )
