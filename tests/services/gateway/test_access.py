"""With an auth string nobody comes in who does not know it; health and readiness are for all."""

from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.support.gateway import Running
from tests.support.servers import RedisServer
from tests.support.sockets import ANSWER_S, heard, opened, say

SECRET = "admin:pass"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that asks for the auth string."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    directory = tmp_path_factory.mktemp("access")
    with Running(server.url, directory, "access", api_auth_string=SECRET) as running:
        yield running
    server.kill()


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/health", 200),
        ("/ready", 200),
        ("/version", 401),
        ("/admin/version", 401),
        ("/flows/name/health", 401),
        ("/flows/name/ready", 401),
        ("/csrf-token?client=/health", 401),
        ("/health/../version", 401),
        ("//health", 401),
        ("/health/", 401),
        ("/%68ealth/x", 401),
        ("/nope", 401),
        ("/openapi.json", 401),
        ("/../openapi.json", 401),
        ("/../docs", 401),
    ],
)
def test_only_health_and_readiness_are_open(gateway: Running, path: str, status: int) -> None:
    answer = httpx.get(gateway.url + path)
    assert answer.status_code == status
    if status == 401:
        assert answer.json() == {"exception_message": "Unauthorized"}


@pytest.mark.parametrize(
    ("user", "password", "status"), [("admin", "pass", 200), ("admin", "wrong", 401), ("", "", 401)]
)
def test_the_auth_string_lets_in(gateway: Running, user: str, password: str, status: int) -> None:
    answer = httpx.get(f"{gateway.url}/admin/version", auth=(user, password))
    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/api/openapi.json"])
def test_the_description_is_for_those_who_may_come_in(gateway: Running, path: str) -> None:
    url = gateway.url.removesuffix("/api") + path
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, auth=("admin", "pass")).status_code == 200


def test_a_wrong_method_tells_a_stranger_nothing(gateway: Running) -> None:
    assert httpx.put(f"{gateway.url}/flows/").status_code == 401


def test_a_bad_body_of_a_stranger_is_not_read(gateway: Running) -> None:
    assert httpx.post(f"{gateway.url}/flows/", content=b"{nope").status_code == 401


@pytest.mark.parametrize("path", ["/events/in", "/events/out"])
@pytest.mark.parametrize(
    ("token", "reason"),
    [
        (None, "Auth required but no token provided"),
        ("wrong", "Invalid token"),
        (5, "Invalid token"),
    ],
)
def test_a_socket_needs_the_auth_string(
    gateway: Running, path: str, token: object, reason: str
) -> None:
    with opened(gateway, path) as connection:
        say(connection, {"type": "auth", "token": token})
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, reason)


@pytest.mark.parametrize("path", ["/events/in", "/events/out"])
def test_a_socket_is_admitted_with_it(gateway: Running, path: str) -> None:
    with opened(gateway, path) as connection:
        say(connection, {"type": "auth", "token": SECRET})
        assert heard(connection) == {"type": "auth_success"}


def test_a_socket_that_cannot_say_who_it_is_is_refused(gateway: Running) -> None:
    with pytest.raises(InvalidStatus) as refused, opened(gateway, "/events/in", "other"):
        pass
    assert refused.value.response.status_code == 403


def test_who_never_says_who_it_is_is_sent_away(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.sockets.socket.ADMIT_S", 0.2)
    with opened(gateway, "/events/out") as connection, pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Expected 'auth' message")
