"""Readiness over HTTP for services that have no API: who watches over them asks `GET /ready`."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from msgspec import json

from .http import bound

Ready = Callable[[], list[str]]
"""What keeps a service from serving, in words; empty when it serves."""

REQUEST_S = 5.0
REQUEST_BYTES_MAX = 8_192


@asynccontextmanager
async def readiness(host: str, port: int | None, ready: Ready) -> AsyncGenerator[int | None]:
    """Answer on *host* and *port*, 0 for a free one, None for not at all; yields the port."""
    if port is None:
        yield None
        return
    here = bound(host, port, "HEADGATE_HEALTH_PORT")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_answer(head, ready))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever it was has gone, or did not speak HTTP
        finally:
            writer.close()

    server = await asyncio.start_server(answer, sock=here, limit=REQUEST_BYTES_MAX)
    try:
        yield here.getsockname()[1]
    finally:
        server.close()
        here.close()


def _answer(head: bytes, ready: Ready) -> bytes:
    """The response to the request that begins with *head*."""
    method, _, rest = head.partition(b" ")
    if rest.partition(b" ")[0] != b"/ready":
        return _response(b"404 Not Found", {"message": "there is /ready, and nothing else"})
    if method != b"GET":
        return _response(b"405 Method Not Allowed", {"message": "GET it"})
    missing = ready()
    if missing:
        return _response(b"503 Service Unavailable", {"message": "Not ready", "missing": missing})
    return _response(b"200 OK", {"message": "OK"})


def _response(status: bytes, body: object) -> bytes:
    sent = json.encode(body)
    return (
        b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
        b"connection: close\r\n\r\n%s" % (status, len(sent), sent)
    )
