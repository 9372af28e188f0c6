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


RECONNECTED_MAX = 100
"""How often a server may hang up on a client, as the reference does with every 503."""


class Client(asyncio.Protocol):
    """One keep-alive connection; a request goes out when the answer to the last one is whole."""

    def __init__(
        self, requests: Sequence[bytes], host: str, port: int, done: asyncio.Future[None]
    ) -> None:
        self.requests = iter(requests)
        self.request: bytes | None = None
        self.place = (host, port)
        self.done = done
        self.connecting: asyncio.Task[object] | None = None
        self.reconnected = 0
        self.latencies_s: list[float] = []
        self.statuses: dict[int, int] = {}
        self.buffer = b""
        self.sent_at = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self.buffer = b""
        if self.request is None:
            self._next()
        else:
            self.transport.write(self.request)

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
        if self.done.done():
            return
        self.reconnected += 1
        if self.reconnected > RECONNECTED_MAX:
            self.done.set_exception(ConnectionError(f"the server closed the connection: {exc}"))
        else:
            self.connect()

    def connect(self) -> None:
        """Connect, for the first time or anew; the request under way is sent again then."""
        loop = asyncio.get_running_loop()
        self.connecting = loop.create_task(loop.create_connection(lambda: self, *self.place))

    def _next(self) -> None:
        assert self.transport is not None
        self.request = next(self.requests, None)
        if self.request is None:
            if not self.done.done():
                self.done.set_result(None)
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(self.request)


class Result(Struct, kw_only=True):
    """Requests per second, latencies in milliseconds, and how many answers had which status.

    *hung_up* is how often the server closed a connection that was in use.
    """

    per_s: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]
    hung_up: int


async def drive(url: str, scripts: Sequence[Sequence[Exchange]]) -> Result:
    """Run every script on a connection of its own, all at once."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    host = f"{parts.hostname}:{parts.port}"
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    for script in scripts:
        wires = [each.wire(host) for each in script]
        clients.append(Client(wires, parts.hostname, parts.port, loop.create_future()))
    started = time.perf_counter()
    for client in clients:
        client.connect()
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
        hung_up=sum(client.reconnected for client in clients),
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
