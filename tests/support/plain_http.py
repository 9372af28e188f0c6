"""Requests whose target is sent as it is written: no client tidies it up."""

import http.client
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from msgspec import Struct


class Answered(Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str]


class Plain:
    """One connection, opened again when it was closed."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self._connection = connection

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answered:
        """The answer to *method* on *target*."""
        connection = self._connection
        # the library adds a slash or refuses some targets unless they are given past it
        connection.putrequest(method, "/", skip_accept_encoding=True)
        first = getattr(connection, "_buffer")  # noqa: B009
        first[0] = f"{method} {target} HTTP/1.1".encode("latin-1")
        sent = body if body is not None or method == "GET" else b""
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if sent is not None:
            connection.putheader("content-length", str(len(sent)))
        connection.endheaders(sent)
        answer = connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Answered(answer.status, answer.read(), found)


@contextmanager
def plain(url: str) -> Generator[Plain]:
    """A connection to the server of *url*."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=10)
    try:
        yield Plain(connection)
    finally:
        connection.close()
