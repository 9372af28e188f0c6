"""Whoever is on the IP allow list comes in, all others stay out, in every gateway, at once."""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis as blocking
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from events.streams import Streams
from headgate.clock import now
from services.gateway.guards.allow_list import KEY
from services.gateway.routes import OPERATIONS
from services.gateway.sockets import SOCKETS
from tests.support.gateway import Running
from tests.support.inhabitants import filled
from tests.support.sockets import ANSWER_S, heard, say
from tests.support.waiting import comes_true

AUTH = ("admin", "pass")
PROXIED = {"trusted_proxies": ("127.0.0.1",), "api_auth_string": ":".join(AUTH)}
INSIDE, OUTSIDE = "10.1.2.3", "10.2.0.1"
OFFICE = {"ip_network": "10.1.0.0/16", "enabled": True, "description": "the office"}
FORBIDDEN = {"exception_message": "Forbidden: not from this address"}
LIST = "/ip_allowlist"
_numbers = count(1)


class Place:
    """A prefix that gateways share, and where they keep their views."""

    def __init__(self, redis_url: str, directory: Path) -> None:
        self.redis_url = redis_url
        self.directory = directory
        self.prefix = f"test-allowed-{next(_numbers)}"

    def gateway(self, **settings: Any) -> Running:
        """A gateway behind a proxy on this machine."""
        return Running(self.redis_url, self.directory, self.prefix, **{**PROXIED, **settings})


@pytest.fixture
def place(redis_url: str, tmp_path: Path) -> Generator[Place]:
    """A place whose keys are gone afterwards."""
    found = Place(redis_url, tmp_path)
    yield found
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        client.unlink(*client.scan_iter(f"{found.prefix}:*"))


@pytest.fixture(scope="module")
def fenced(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """A gateway whose list has one network."""
    place = Place(redis_url, tmp_path_factory.mktemp("fenced"))
    with place.gateway() as running:
        assert coming_from(running, INSIDE, "PUT", LIST, {"entries": [OFFICE]}).status_code == 204
        yield running
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        client.unlink(*client.scan_iter(f"{place.prefix}:*"))


def coming_from(
    gateway: Running,
    address: str,
    method: str = "GET",
    path: str = "/version",
    body: object = None,
    auth: tuple[str, str] | None = AUTH,
) -> httpx.Response:
    headers = {"x-forwarded-for": address} if address else {}
    return httpx.request(method, gateway.url + path, headers=headers, json=body, auth=auth)


def opens(gateway: Running, path: str, address: str) -> bool:
    url, headers = gateway.socket_url + filled(path, {}), {"x-forwarded-for": address}
    try:
        with connect(url, subprotocols=[Subprotocol("prefect")], additional_headers=headers):
            return True
    except InvalidStatus as refused:
        return refused.response.status_code != 403


# Who comes in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [INSIDE, "::ffff:10.1.0.7", "10.2.0.1, 10.1.9.9"])
def test_who_is_on_the_list_comes_in(fenced: Running, address: str) -> None:
    assert coming_from(fenced, address).status_code == 200


@pytest.mark.parametrize("address", ["", OUTSIDE, "fe80::1", "banana", "10.1.2.3, 10.2.0.1"])
def test_who_is_not_stays_out(fenced: Running, address: str) -> None:
    answer = coming_from(fenced, address)

    assert (answer.status_code, answer.json()) == (403, FORBIDDEN)


def test_no_route_answers_who_is_not_on_the_list(fenced: Running) -> None:
    paths = {(one.method, filled(one.path, {})) for one in OPERATIONS} | {
        ("GET", "/nope"),
        ("OPTIONS", "/flows/filter"),
        ("GET", "/ip_allowlist/my_access/"),
        ("HEAD", "/ip_allowlist/my_access"),
        ("POST", "/ip_allowlist/my_access"),
        ("GET", "/ip_allowlist/my%5Faccess"),
        ("GET", "/health/../ip_allowlist/my_access/../../version"),
    }
    answers = {each: coming_from(fenced, OUTSIDE, *each).status_code for each in sorted(paths)}

    assert answers.pop(("GET", "/ip_allowlist/my_access")) == 200
    assert {each: status for each, status in answers.items() if status != 403} == {}


@pytest.mark.parametrize("path", SOCKETS)
def test_a_socket_is_opened_for_who_is_on_the_list(fenced: Running, path: str) -> None:
    assert opens(fenced, path, INSIDE)
    assert not opens(fenced, path, OUTSIDE)
    assert not opens(fenced, path, "banana")


def test_everybody_may_ask_whether_he_may_come_in(fenced: Running) -> None:
    asked = {
        address: coming_from(fenced, address, path=f"{LIST}/my_access?x=1")
        for address in (INSIDE, OUTSIDE)
    }

    assert {address: answer.json() for address, answer in asked.items()} == {
        INSIDE: {"allowed": True, "detail": "10.1.2.3 is in 10.1.0.0/16."},
        OUTSIDE: {"allowed": False, "detail": "10.2.0.1 is in no enabled entry."},
    }


@pytest.mark.parametrize("address", [INSIDE, OUTSIDE])
def test_nobody_asks_without_credentials(fenced: Running, address: str) -> None:
    answer = coming_from(fenced, address, path=f"{LIST}/my_access", auth=None)

    assert answer.status_code == 401


def test_the_list_says_who_was_seen(fenced: Running) -> None:
    began = now()
    coming_from(fenced, INSIDE)
    (entry,) = coming_from(fenced, INSIDE, path=LIST).json()["entries"]

    assert entry.items() >= OFFICE.items()
    assert began.isoformat()[:19] <= entry["last_seen"][:19] <= now().isoformat()[:19]


# What may be written ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "where", "said"),
    [
        ([{**OFFICE, "ip_network": "banana"}], [0, "ip_network"], "neither an address nor"),
        ([OFFICE, {**OFFICE, "ip_network": "10.0.0.0/33"}], [1, "ip_network"], "neither"),
        ([{**OFFICE, "ip_network": ""}], [0, "ip_network"], "neither"),
        ([{**OFFICE, "ip_network": 7}], [0, "ip_network"], "valid string"),
        ([OFFICE, {"ip_network": "::1"}], [1, "enabled"], ""),
        ([{**OFFICE, "description": "x" * 1_001}], [0, "description"], ""),
        ([{**OFFICE, "until": "later"}], [0, "until"], ""),
        ([OFFICE] * 1_001, [], ""),
        (None, [], "valid list"),
    ],
)
def test_what_is_wrong_with_a_list_is_named(
    fenced: Running, entries: object, where: list[str | int], said: str
) -> None:
    answer = coming_from(fenced, INSIDE, "PUT", LIST, {"entries": entries})

    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert problem["loc"] == ["body", "entries", *where]
    assert said in problem["msg"]
    assert coming_from(fenced, INSIDE).status_code == 200


@pytest.mark.parametrize(
    "entries",
    [
        [{"ip_network": "10.2.0.0/16", "enabled": True}],
        [{**OFFICE, "enabled": False}, {"ip_network": OUTSIDE, "enabled": True}],
        [{"ip_network": "::/0", "enabled": True}],
    ],
)
def test_nobody_locks_himself_out(fenced: Running, entries: list[dict[str, Any]]) -> None:
    answer = coming_from(fenced, INSIDE, "PUT", LIST, {"entries": entries})

    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert problem["loc"] == ["body", "entries"]
    assert "You would lock yourself out: 10.1.2.3 is in no enabled entry" in problem["msg"]
    assert coming_from(fenced, INSIDE).status_code == 200


def test_a_list_says_its_networks_in_one_way(place: Place) -> None:
    given = ["127.0.0.1", "10.1.2.3/8", "::1", "FD00::1/8", "::ffff:10.0.0.0/104", "::ffff:0:0/95"]
    entries = [{"ip_network": each, "enabled": True, "last_seen": "x"} for each in given]
    open_to_all = place.gateway(trusted_proxies=(), api_auth_string=None)
    with open_to_all as gateway, gateway.client() as api:
        assert api.get(LIST).json() == {"entries": []}
        assert api.put(LIST, json={"entries": entries}).status_code == 204
        shown = api.get(LIST).json()["entries"]
    assert [each["ip_network"] for each in shown] == [
        *("127.0.0.1/32", "10.0.0.0/8", "::1/128", "fd00::/8", "10.0.0.0/8", "::fffe:0:0/95"),
    ]
    assert [each["last_seen"] is None for each in shown] == [False, *[True] * 5]


# When it holds ------------------------------------------------------------------------------------


def test_without_an_enabled_entry_nobody_is_kept_out(place: Place) -> None:
    on, off = [OFFICE], [{**OFFICE, "enabled": False}]
    lists: tuple[list[dict[str, Any]], ...] = (on, off, on, [])
    everybody = {
        "allowed": True,
        "detail": "The IP allow list has no enabled entry, which lets everybody in.",
    }
    with place.gateway() as gateway:
        for entries in lists:
            given = {"entries": entries}
            assert coming_from(gateway, INSIDE, "PUT", LIST, given).status_code == 204
            open_to_all = coming_from(gateway, OUTSIDE).status_code == 200
            assert open_to_all is (entries != on)
            if open_to_all:
                asked = coming_from(gateway, OUTSIDE, path=f"{LIST}/my_access")
                assert asked.json() == everybody


def test_every_gateway_hears_of_a_change(place: Place) -> None:
    with place.gateway() as one, place.gateway() as other:
        assert coming_from(other, OUTSIDE).status_code == 200
        assert coming_from(one, INSIDE, "PUT", LIST, {"entries": [OFFICE]}).status_code == 204
        assert coming_from(one, OUTSIDE).status_code == 403
        assert comes_true(lambda: coming_from(other, OUTSIDE).status_code == 403, 2)
        assert coming_from(other, INSIDE, "PUT", LIST, {"entries": []}).status_code == 204
        assert comes_true(lambda: coming_from(one, OUTSIDE).status_code == 200, 2)


def test_it_holds_for_the_first_request_of_a_gateway(place: Place) -> None:
    with place.gateway() as gateway:
        assert coming_from(gateway, INSIDE, "PUT", LIST, {"entries": [OFFICE]}).status_code == 204
    with place.gateway() as gateway:
        assert coming_from(gateway, OUTSIDE).status_code == 403
        assert coming_from(gateway, INSIDE).status_code == 200


def test_who_is_locked_out_finds_a_way_back_in(place: Place) -> None:
    with place.gateway() as gateway:
        assert coming_from(gateway, INSIDE, "PUT", LIST, {"entries": [OFFICE]}).status_code == 204
    with place.gateway(ip_allowlist_enforced=False) as gateway:
        asked = coming_from(gateway, OUTSIDE, path=f"{LIST}/my_access")
        assert asked.json() == {
            "allowed": True,
            "detail": "This server does not enforce its IP allow list.",
        }
        assert coming_from(gateway, OUTSIDE, path=LIST).json()["entries"][0]["enabled"] is True
        mended = {"entries": [{"ip_network": OUTSIDE, "enabled": True}]}
        assert coming_from(gateway, OUTSIDE, "PUT", LIST, mended).status_code == 204
        assert coming_from(gateway, INSIDE).status_code == 200
    with place.gateway() as gateway:
        assert coming_from(gateway, OUTSIDE).status_code == 200
        assert coming_from(gateway, INSIDE).status_code == 403


def test_a_gateway_that_cannot_read_its_list_is_alive_and_not_ready(
    place: Place, redis_url: str
) -> None:
    with place.gateway() as gateway:
        assert coming_from(gateway, INSIDE, "PUT", LIST, {"entries": [OFFICE]}).status_code == 204
        streams = Streams(prefix=place.prefix)
        client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
        with client:
            client.hset(streams.snapshots(streams.control), KEY, b'{"type":"ip_allowlist.v9"}')
        assert comes_true(lambda: coming_from(gateway, INSIDE).status_code == 503, ANSWER_S)
        assert coming_from(gateway, INSIDE, path="/health").status_code == 200
        ready = coming_from(gateway, INSIDE, path="/ready")
        assert ready.status_code == 503
        assert ready.json()["missing"] == ["allow list: it cannot be read"]


def test_the_networks_of_the_setting_count_as_well(place: Place) -> None:
    everybody = {"entries": [{"ip_network": "0.0.0.0/0", "enabled": True}]}
    with place.gateway(allowed_networks=("10.1.0.0/16",)) as gateway:
        assert coming_from(gateway, INSIDE, "PUT", LIST, everybody).status_code == 204
        assert coming_from(gateway, INSIDE).status_code == 200
        for path in ("/version", f"{LIST}/my_access"):
            assert coming_from(gateway, OUTSIDE, path=path).status_code == 403


@contextmanager
def listening(gateway: Running, path: str, address: str) -> Generator[ClientConnection]:
    """A socket from *address* that has been let in."""
    url, headers = gateway.socket_url + filled(path, {}), {"x-forwarded-for": address}
    offered = [Subprotocol("prefect")]
    with connect(url, subprotocols=offered, additional_headers=headers) as connection:
        say(connection, {"type": "auth", "token": ":".join(AUTH)})
        assert heard(connection) == {"type": "auth_success"}
        yield connection


@pytest.mark.parametrize("path", ["/events/in", "/events/out", "/logs/out"])
def test_a_socket_is_closed_on_who_may_not_come_in_any_more(place: Place, path: str) -> None:
    with place.gateway() as one, place.gateway() as other, ExitStack() as stack:
        sockets = [
            stack.enter_context(listening(each, path, address))
            for each in (one, other)
            for address in (OUTSIDE, INSIDE)
        ]
        for connection in sockets:
            say(connection, {"type": "filter", "filter": {}})
        assert coming_from(one, INSIDE, "PUT", LIST, {"entries": [OFFICE]}).status_code == 204
        for connection in sockets[::2]:
            with pytest.raises(ConnectionClosed) as closed:
                connection.recv(timeout=ANSWER_S)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
            assert closed.value.rcvd.reason == "Not from this address any more"
        for connection in sockets[1::2]:
            connection.ping().wait(ANSWER_S)
            connection.close()
