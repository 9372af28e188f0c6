"""A closed-loop HTTP client cheap enough not to be what is measured: one process, raw sockets."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

import uvloop
from msgspec import Struct


class Exchange(Struct, frozen=True):
    """One request, ready to send, and how often each client sends one of the kind."""

    method: str
    path: str
    body: bytes = b""

    def wire(self, host: str) -> bytes:
        head = (
            f"{self.method} {self.path} HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self.body)}\r\n"
            "X-PREFECT-API-VERSION: 0.8.4\r\nUser-Agent: prefect/3.9.1 (API 0.8.4)\r\n\r\n"
        )
        return head.encode() + self.body


class Client(asyncio.Protocol):
    """One keep-alive connection; a request goes out when the answer to the last one is whole."""

    def __init__(self, requests: Sequence[bytes], done: asyncio.Future[None]) -> None:
        self.requests = iter(requests)
        self.done = done
        self.latencies_s: list[float] = []
        self.statuses: dict[int, int] = {}
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._next()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        status = int(self.buffer[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies_s.append(time.perf_counter() - self.sent_at)
        self.buffer = self.buffer[end + 4 + length :]
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(ConnectionError(f"the server closed the connection: {exc}"))

    def _next(self) -> None:
        assert self.transport is not None
        request = next(self.requests, None)
        if request is None:
            if not self.done.done():
                self.done.set_result(None)
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)


class Result(Struct, kw_only=True):
    """Requests per second, latencies in milliseconds, and how many answers had which status."""

    per_s: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]


async def drive(url: str, scripts: Sequence[Sequence[Exchange]]) -> Result:
    """Run every script on a connection of its own, all at once."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    host = f"{parts.hostname}:{parts.port}"
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    started = time.perf_counter()
    for script in scripts:
        client = Client([each.wire(host) for each in script], loop.create_future())
        clients.append(client)
    started = time.perf_counter()
    for client in clients:
        await loop.create_connection(lambda client=client: client, parts.hostname, parts.port)
    await asyncio.gather(*(client.done for client in clients))
    elapsed_s = time.perf_counter() - started
    latencies = sorted(each for client in clients for each in client.latencies_s)
    statuses: dict[int, int] = {}
    for client in clients:
        for status, count in client.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    return Result(
        per_s=len(latencies) / elapsed_s,
        p50_ms=latencies[len(latencies) // 2] * 1e3,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1e3,
        statuses=statuses,
    )


async def main() -> None:
    """Scripts come as JSON on standard input, the result leaves on standard output."""
    given = json.load(sys.stdin)
    scripts = [
        [Exchange(method, path, body.encode()) for method, path, body in script]
        for script in given["scripts"]
    ]
    result = await drive(given["url"], scripts)
    print(json.dumps({field: getattr(result, field) for field in result.__struct_fields__}))


if __name__ == "__main__":
    uvloop.run(main())
