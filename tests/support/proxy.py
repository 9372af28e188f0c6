"""A proxy before a Redis that can lose an answer: the server has acted, the client never hears."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

CHUNK = 65_536


class Proxy:
    """Forwards to *port*. *lost* is how many answers to scripts are still to be lost."""

    def __init__(self, port: int) -> None:
        self.upstream = port
        self.lost = 0
        self.port = 0
        self.connections = 0

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Carry one connection to its end."""
        self.connections += 1
        server, to_server = await asyncio.open_connection("127.0.0.1", self.upstream)
        try:
            while asked := await client.read(CHUNK):
                to_server.write(asked)
                answer = await server.read(CHUNK)
                if b"EVALSHA" in asked and self.lost and not answer.startswith(b"-"):
                    self.lost -= 1
                    return
                to_client.write(answer)
        finally:
            for writer in (to_server, to_client):
                writer.close()
                await asyncio.wait([asyncio.ensure_future(writer.wait_closed())])


@asynccontextmanager
async def proxied(port: int) -> AsyncGenerator[Proxy]:
    """A running proxy to the Redis on *port*."""
    proxy = Proxy(port)
    listener = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield proxy
