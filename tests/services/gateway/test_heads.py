"""Whoever sends headers without an end is sent away, before anybody asks who it is."""

import socket
from urllib.parse import urlsplit

import pytest

from tests.support.gateway import Running

PART = b"a" * 65_536
MANY = b"a: b\r\n" * 10_000
TURNS = 200
"""So often it is far more than sockets hold between the two sides."""

GET = b"GET /api/health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/flows/filter HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def connected(gateway: Running) -> socket.socket:
    parts = urlsplit(gateway.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=10)


@pytest.mark.parametrize(
    ("begin", "on"),
    [
        (b"GET /api/", PART),
        (GET + b"X-A: ", PART),
        (GET, MANY),
        (CHUNKED + b"2;", PART),
        (CHUNKED + b"2\r\n{}\r\n0\r\n", MANY),
    ],
)
def test_a_head_without_an_end_is_cut(gateway: Running, begin: bytes, on: bytes) -> None:
    with connected(gateway) as peer:
        peer.sendall(begin)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            peer.sendall(on * TURNS)


def test_bodies_are_no_heads(gateway: Running) -> None:
    """Neither a large body, nor one in small parts, nor many requests on one connection."""
    filter = b'{"limit": 1}' + b" " * 1_000_000
    sized = POST + b"Content-Length: %d\r\n\r\n" % len(filter) + filter
    parts = b"".join(b"1\r\n%c\r\n" % byte for byte in filter[:30_000])
    chunked = CHUNKED + parts + b"0\r\n\r\n"
    with connected(gateway) as peer:
        for request in (sized, chunked, sized, *[GET + b"\r\n"] * 3_000, chunked):
            peer.sendall(request)
            assert peer.recv(65_536).startswith(b"HTTP/1.1 200 ")
