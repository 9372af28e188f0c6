"""A proxy before a gateway that notes what is asked, and may refuse every WebSocket."""

import re
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

CHUNK = 65_536
REFUSAL = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

_asked = re.compile(rb"(GET|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.1\r\n")


class HttpProxy:
    """Forwards to the API at *url*; *asked* are methods and paths, upgrades among them."""

    def __init__(self, url: str, *, refuses_sockets: bool = False) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._upstream = (parts.hostname, parts.port)
        self._refuses_sockets = refuses_sockets
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]
        self.asked: list[tuple[str, str]] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                self._open += (client, server)
                for way in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_asking: bool) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK):
                if is_asking:
                    found = [each.groups() for each in _asked.finditer(chunk)]
                    self.asked += [(method.decode(), path.decode()) for method, path in found]
                    if self._refuses_sockets and b"upgrade: websocket" in chunk.lower():
                        source.sendall(REFUSAL)
                        break
                target.sendall(chunk)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
