"""Every route and socket is closed to strangers, however its path is written; two are not."""

from base64 import b64encode
from collections.abc import Callable, Iterator

import pytest
from msgspec import json
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from services.gateway.routes import OPERATIONS
from services.gateway.sockets import SOCKETS
from tests.support.gateway import Running
from tests.support.inhabitants import filled
from tests.support.plain_http import Plain, plain
from tests.support.servers import RedisServer
from tests.support.sockets import ANSWER_S, opened, say

SECRET = "admin:pass"
BASIC = "Basic " + b64encode(SECRET.encode()).decode()
UNAUTHORIZED = {"exception_message": "Unauthorized"}
OPEN = ("/api/health", "/api/ready")
TARGETS = [(one.method, "/api" + filled(one.path, {})) for one in OPERATIONS]
CLOSED = [(method, path) for method, path in TARGETS if path not in OPEN]
SOCKET_PATHS = [filled(path, {}) for path in SOCKETS]
DOCUMENTS = ("/openapi.json", "/api/openapi.json", "/docs", "/", "/api")

WRONG = {
    "none": {},
    "an empty one": {"authorization": ""},
    "a scheme alone": {"authorization": "Basic"},
    "another password": {"authorization": "Basic " + b64encode(b"admin:no").decode()},
    "the start of the password": {"authorization": "Basic " + b64encode(b"admin:pas").decode()},
    "the string as it is": {"authorization": f"Basic {SECRET}"},
    "the string as a key": {"authorization": f"Bearer {SECRET}"},
    "the string without a scheme": {"authorization": BASIC.removeprefix("Basic ")},
    "the scheme twice": {"authorization": f"Basic {BASIC}"},
    "a key that nobody has": {"authorization": "Bearer hg_0123456789"},
    "bytes": {"authorization": "Basic \xff\xfe\x80"},
    "the string elsewhere": {"x-authorization": BASIC, "cookie": BASIC},
    "the way in elsewhere": {"x-original-url": "/api/health", "x-forwarded-prefix": "/api/health"},
}  # fmt: skip

TRICKS: dict[str, Callable[[str], str]] = {
    "a suffix": lambda path: f"{path}/health",
    "a word at the end": lambda path: f"{path}health",
    "a suffix that is a parameter": lambda path: f"{path};/api/health",
    "a query": lambda path: f"{path}?/api/health",
    "a query that ends so": lambda path: f"{path}?x=/ready",
    "a fragment": lambda path: f"{path}#/api/ready",
    "an encoded suffix": lambda path: f"{path}%2Fhealth",
    "an encoded query": lambda path: f"{path}%3F/api/health",
    "a way round": lambda path: f"/api/health/..{path.removeprefix('/api')}",
    "a way round from the root": lambda path: f"/api/health/../..{path}",
    "a way round that is encoded": lambda path: f"/api/ready/%2e%2e{path.removeprefix('/api')}",
    "a way back": lambda path: f"{path}/../health",
    "two slashes": lambda path: f"/{path}",
    "two slashes inside": lambda path: path.replace("/api/", "/api//"),
    "a backslash": lambda path: path.replace("/api/", "/api\\"),
    "an encoded letter": lambda path: f"{path[:5]}%{ord(path[5]):02x}{path[6:]}",
    "an encoded slash": lambda path: path.replace("/api/", "/api%2F"),
    "a letter encoded twice": lambda path: f"{path[:5]}%25{ord(path[5]):02x}{path[6:]}",
    "upper case": str.upper,
    "mixed case": lambda path: path.replace("/api/", "/Api/"),
    "a dot at the end": lambda path: f"{path}.",
    "a dot in between": lambda path: path.replace("/api/", "/api/./"),
    "a slash at the end": lambda path: f"{path}/",
    "an extension": lambda path: f"{path}.json",
    "a null at the end": lambda path: f"{path}%00",
    "a space at the end": lambda path: f"{path}%20",
    "a line break at the end": lambda path: f"{path}%0a/api/health",
    "a host that is a way": lambda path: f"http://api/health@x{path}",
}  # fmt: skip

MAY_ASK = {"a query", "a query that ends so", "a fragment"}
"""Tricks that leave the path as it is."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that asks for the auth string, or a key."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    directory = tmp_path_factory.mktemp("doors")
    with Running(server.url, directory, "doors", api_auth_string=SECRET) as running:
        yield running
    server.kill()


@pytest.fixture
def stranger(gateway: Running) -> Iterator[Plain]:
    """Somebody who sends what he likes."""
    with plain(gateway.url) as connection:
        yield connection


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
def test_no_route_answers_who_is_not_known(stranger: Plain, headers: dict[str, str]) -> None:
    answers = {
        target: stranger.ask(*target, headers, None if target[0] == "GET" else b"{}")
        for target in CLOSED
    }

    assert len(answers) > 125
    assert [each for each, answer in answers.items() if answer.status != 401] == []
    assert [each for each, answer in answers.items() if json.decode(answer.body) != UNAUTHORIZED] \
        == []  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_no_route_is_opened_by_how_its_path_is_written(
    stranger: Plain, trick: Callable[[str], str]
) -> None:
    let_in = {
        (method, trick(path)): answer.status
        for method, path in CLOSED
        if (answer := stranger.ask(method, trick(path))).status != 401
    }

    assert let_in == {}


@pytest.mark.parametrize(("name", "trick"), TRICKS.items(), ids=TRICKS)
@pytest.mark.parametrize("path", OPEN)
def test_an_open_route_is_open_as_it_is_written(
    stranger: Plain, path: str, name: str, trick: Callable[[str], str]
) -> None:
    answer = stranger.ask("GET", trick(path))

    assert answer.status == (200 if name in MAY_ASK else 401)


@pytest.mark.parametrize("path", OPEN)
@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_an_open_route_can_only_be_read(stranger: Plain, path: str, method: str) -> None:
    assert stranger.ask("GET", path).status == 200
    assert stranger.ask(method, path).status == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_what_is_no_operation_is_closed_too(stranger: Plain, method: str) -> None:
    paths = [*DOCUMENTS, *("/api" + path for path in SOCKET_PATHS), "/metrics", "/health", "/ready"]
    answers = {path: stranger.ask(method, path).status for path in paths}

    assert set(answers.values()) == {401}, answers


def test_who_is_known_is_answered_by_every_route(stranger: Plain) -> None:
    known = {"authorization": BASIC}
    answers = {target: stranger.ask(*target, known).status for target in CLOSED}

    assert [target for target, status in answers.items() if status in (401, 403)] == []


@pytest.mark.parametrize("path", SOCKET_PATHS)
@pytest.mark.parametrize(
    "first",
    [
        b'{"type":"auth","token":null}',
        b'{"type":"auth"}',
        b'{"type":"auth","token":""}',
        b'{"type":"auth","token":"admin"}',
        b'{"type":"auth","token":"admin:pass "}',
        b'{"type":"auth","token":["admin:pass"]}',
        b'{"type":"auth","token":true}',
        b'{"type":"auth","token":"\\ud800"}',
        b'{"type":"AUTH","token":"admin:pass"}',
        b'{"token":"admin:pass"}',
        b'{"type":"subscribe","keys":["t"],"client_id":"c"}',
        b'{"type":"auth_success"}',
        b"admin:pass",
        b"[]",
        b"",
        b"\xff\xfe",
        b"[" * 5_000,
    ],
)
def test_no_socket_goes_on_before_it_knows_who_it_is(
    gateway: Running, path: str, first: bytes
) -> None:
    with opened(gateway, path) as connection:
        connection.send(first, text=None if first == b"\xff\xfe" else True)
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


@pytest.mark.parametrize("path", SOCKET_PATHS)
def test_credentials_in_a_header_do_not_open_a_socket(gateway: Running, path: str) -> None:
    url, known = gateway.socket_url + path, {"authorization": BASIC}
    offered = [Subprotocol("prefect")]
    with connect(url, subprotocols=offered, additional_headers=known) as connection:
        say(connection, {"type": "auth", "token": None})
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=ANSWER_S)


SAME = {"an encoded letter", "an encoded slash"}
"""Tricks after which a socket is still found, and asks who comes."""


@pytest.mark.parametrize("name", sorted({*TRICKS} - MAY_ASK - SAME - {"a host that is a way"}))
def test_no_socket_is_there_under_another_way_to_write_its_path(
    gateway: Running, name: str
) -> None:
    for path in SOCKET_PATHS:
        written = TRICKS[name]("/api" + path)
        url = gateway.socket_url.removesuffix("/api") + written
        with pytest.raises(InvalidStatus) as refused, connect(url):
            pass
        assert refused.value.response.status_code == 403


def test_a_route_is_no_socket(gateway: Running) -> None:
    for path in ("/flows/filter", "/health", "/flow_runs/", "/nope"):
        with pytest.raises(InvalidStatus) as refused, connect(gateway.socket_url + path):
            pass
        assert refused.value.response.status_code == 403
