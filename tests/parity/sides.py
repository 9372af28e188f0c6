"""A side is a server that answers requests, over a socket or over a pipe."""

import asyncio
import json
from asyncio.subprocess import Process
from typing import Any, Protocol
from urllib.parse import urlsplit

Answered = tuple[int, bytes]


class Side(Protocol):
    """Somebody who answers; one request at a time."""

    async def send(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> Answered: ...


class OverHttp:
    """A server behind a socket; *url* is its API's. One connection, kept alive."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.host, self.port, self.prefix = parts.hostname, parts.port, parts.path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Send one request and wait for its answer; connects anew where the server hung up."""
        said = {"host": f"{self.host}:{self.port}", "content-length": str(len(body)), **headers}
        if body:
            said["content-type"] = "application/json"
        head = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        wire = f"{method} {self.prefix}{path} HTTP/1.1\r\n{head}\r\n".encode() + body
        fresh = self._streams is None
        try:
            return await self._exchange(wire)
        except (ConnectionError, asyncio.IncompleteReadError):
            await self.close()
            if fresh:
                raise
            return await self._exchange(wire)

    async def _exchange(self, wire: bytes) -> Answered:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        writer.write(wire)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        fields = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        status = int(first.split(" ", 2)[1])
        if fields.get("transfer-encoding") == "chunked":
            return status, await _chunks(reader)
        return status, await reader.readexactly(int(fields.get("content-length", "0")))

    async def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while size := int((await reader.readline()).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b"".join(parts)


class OverPipe:
    """A server in a process of its own that takes a request from each line."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Answered:
        """Write one line, read one line."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        asked: dict[str, Any] = {
            "method": method, "path": path, "body": body.decode(), "headers": headers,
        }  # fmt: skip
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        line = await self.process.stdout.readline()
        if not line:
            raise ConnectionError("the reference's process has ended")
        said = json.loads(line)
        return said["status"], said["body"].encode()
