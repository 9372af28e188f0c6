"""Guards keep out what they are set to keep out, and are not there when nobody sets them."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis as blocking
from starlette.types import Receive, Scope, Send
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from headgate.clock import new_id, now
from services.gateway import Guards, guarded
from services.gateway.guards.csrf import Csrf
from tests.support.gateway import Running
from tests.support.waiting import comes_true

AUTH = ("admin", "pass")
_numbers = count(1)


@contextmanager
def guarding(redis_url: str, directory: Path, **settings: Any) -> Generator[Running]:
    """A gateway with these settings, on keys of its own."""
    prefix = f"test-guards-{next(_numbers)}"
    with Running(redis_url, directory, prefix, **settings) as running:
        yield running
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        client.unlink(*client.scan_iter(f"{prefix}:*"))


def test_without_settings_there_is_no_guard() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None: ...

    assert guarded(app, Guards()) is app


# CSRF ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def csrf(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """A gateway that asks for CSRF tokens, and for the auth string."""
    settings = {"csrf_protection_enabled": True, "api_auth_string": ":".join(AUTH)}
    with guarding(redis_url, tmp_path_factory.mktemp("csrf"), **settings) as running:
        yield running


def token_of(api: httpx.Client, client: str) -> dict[str, str]:
    """The headers with which *client* may change something."""
    given = api.get("/csrf-token", params={"client": client}).json()
    assert given["client"] == client
    return {"prefect-csrf-token": given["token"], "prefect-csrf-client": client}


def test_who_changes_something_shows_a_token(csrf: Running) -> None:
    with csrf.client(auth=AUTH) as api:
        given = api.get("/csrf-token", params={"client": "a"}).json()
        headers = token_of(api, "a")
        made = api.post("/flows/", json={"name": "x"}, headers=headers)
        assert made.status_code == 201
        path = f"/flows/{made.json()['id']}"
        assert api.patch(path, json={"tags": ["t"]}, headers=headers).status_code == 204
        assert api.get(path).json()["tags"] == ["t"]
        assert api.delete(path, headers=headers).status_code == 204

    assert UUID(given["id"])
    assert now() < datetime.fromisoformat(given["expiration"]) <= now() + timedelta(hours=1)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/flows/", "/flow_runs/filter", "/admin/storage", "/nope"])
@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "Missing CSRF token."),
        ({"prefect-csrf-client": "a"}, "Missing CSRF token."),
        ({"prefect-csrf-token": "x"}, "Missing client identifier."),
        ({"prefect-csrf-token": "x", "prefect-csrf-client": "a"}, "Invalid"),
        ({"prefect-csrf-token": "9999999999.0", "prefect-csrf-client": "a"}, "Invalid"),
        ({"prefect-csrf-token": "9" * 5_000 + ".0", "prefect-csrf-client": "a"}, "Invalid"),
    ],
)
def test_without_a_token_nothing_changes(
    csrf: Running, method: str, path: str, headers: dict[str, str], said: str
) -> None:
    with csrf.client(auth=AUTH) as api:
        answer = api.request(method, path, json={}, headers=headers)
    if said == "Invalid":
        said = "Invalid CSRF token or client identifier."
    assert (answer.status_code, answer.json()) == (403, {"detail": said})


def test_a_token_is_for_the_client_that_asked_for_it(csrf: Running) -> None:
    with csrf.client(auth=AUTH) as api:
        headers = token_of(api, "a") | {"prefect-csrf-client": "b"}
        assert api.post("/flows/filter", json={}, headers=headers).status_code == 403


def test_a_token_is_for_those_who_may_come_in(csrf: Running) -> None:
    with csrf.client() as stranger, csrf.client(auth=AUTH) as api:
        assert stranger.get("/csrf-token", params={"client": "a"}).status_code == 401
        headers = token_of(api, "a")
        assert stranger.post("/flows/filter", json={}, headers=headers).status_code == 401
        assert api.get("/admin/settings").json()["server"]["api"]["csrf_protection_enabled"] is True


def test_a_token_holds_for_its_life_in_all_gateways_with_the_key() -> None:
    time = now()
    first = Csrf("key", timedelta(minutes=1), lambda: time)
    second = Csrf("key", timedelta(minutes=1), lambda: time)
    other = Csrf("another", timedelta(minutes=1), lambda: time)
    token = first.token("a")[0].encode()

    assert second.is_valid(b"a", token)
    assert not other.is_valid(b"a", token)
    time += timedelta(minutes=1, seconds=1)
    assert not first.is_valid(b"a", token)
    later = b"9" + token[1:]
    assert not first.is_valid(b"a", later)


# CORS ---------------------------------------------------------------------------------------------

PAGE = "https://pages.example"
PREFLIGHT = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


def test_pages_of_other_origins_may_not_call_unless_they_are_named(api: httpx.Client) -> None:
    refused = api.options("/flows/filter", headers=PREFLIGHT)
    answer = api.post("/flows/filter", json={}, headers={"origin": PAGE})

    assert refused.status_code == 405
    for each in (refused, answer):
        assert [name for name in each.headers if name.startswith("access-control")] == []


@pytest.fixture(scope="module")
def open_to_pages(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """A gateway that pages of one origin may call."""
    settings = {"cors_allowed_origins": (PAGE,), "cors_allowed_methods": ("GET", "POST")}
    with guarding(redis_url, tmp_path_factory.mktemp("cors"), **settings) as running:
        yield running


def test_pages_of_a_named_origin_may_call(open_to_pages: Running) -> None:
    with open_to_pages.client() as api:
        asked = api.options("/flows/filter", headers=PREFLIGHT)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == PAGE
        assert asked.headers["access-control-allow-methods"] == "GET, POST"
        assert asked.headers["access-control-allow-headers"] == "authorization,content-type"
        answer = api.post("/flows/filter", json={}, headers={"origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE
        other = api.options("/flows/filter", headers=PREFLIGHT | {"origin": "https://x.example"})
        assert other.status_code == 400
        method = {"access-control-request-method": "DELETE"}
        assert api.options("/flows/filter", headers=PREFLIGHT | method).status_code == 400


def opens(gateway: Running, path: str, origin: str | None) -> bool:
    try:
        with connect(gateway.socket_url + path, origin=origin):  # pyright: ignore[reportArgumentType]
            return True
    except InvalidStatus as refused:
        return refused.response.status_code != 403


@pytest.mark.parametrize("path", ["/events/in", "/events/out", "/logs/out"])
def test_a_socket_opens_for_programs_its_own_pages_and_those_that_may_call(
    gateway: Running, open_to_pages: Running, path: str
) -> None:
    for each in (gateway, open_to_pages):
        own = each.url.removesuffix("/api")
        assert opens(each, path, None)
        assert opens(each, path, own)
        assert not opens(each, path, "https://x.example")
        assert not opens(each, path, "http://[")
        assert not opens(each, path, "null")
    assert not opens(gateway, path, PAGE)
    assert opens(open_to_pages, path, PAGE)


# Packing ------------------------------------------------------------------------------------------


@pytest.fixture
def large(api: httpx.Client) -> str:
    """The path of an answer that is large."""
    value = {"name": f"large-{new_id().hex}", "value": ["x" * 50] * 80}
    id = api.post("/artifacts/", json={"data": [value] * 10}).json()["id"]
    return f"/artifacts/{id}"


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate", "br;q=1.0, GZIP;q=0.5", "x,gzip"])
def test_a_large_answer_is_packed_for_who_can_unpack_it(
    api: httpx.Client, large: str, accepted: str
) -> None:
    answer = api.get(large, headers={"accept-encoding": accepted})
    plain = api.get(large, headers={"accept-encoding": "identity"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert int(answer.headers["content-length"]) < int(plain.headers["content-length"]) / 4
    assert answer.json() == plain.json()


@pytest.mark.parametrize("accepted", ["", "identity", "gzip;q=0", "gzip;q=0.0, br", "x-gzip", "*"])
def test_a_large_answer_is_sent_as_it_is_to_who_cannot(
    api: httpx.Client, large: str, accepted: str
) -> None:
    answer = api.get(large, headers={"accept-encoding": accepted})

    assert "content-encoding" not in answer.headers
    assert len(answer.json()["data"]) == 10


def test_a_very_large_answer_is_packed_as_well(api: httpx.Client) -> None:
    data = ["y" * 1_000] * 500
    id = api.post("/artifacts/", json={"data": data}).json()["id"]
    answer = api.get(f"/artifacts/{id}", headers={"accept-encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["data"] == data


def test_a_small_answer_is_never_packed(api: httpx.Client, run_id: str) -> None:
    answer = api.get(f"/flow_runs/{run_id}", headers={"accept-encoding": "gzip"})

    assert "content-encoding" not in answer.headers
    assert "vary" not in answer.headers


# Networks and rate --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fenced(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """A gateway for one network, behind a proxy on this machine, that is not asked too often."""
    with guarding(
        redis_url,
        tmp_path_factory.mktemp("fenced"),
        allowed_networks=("10.1.0.0/16", "fd00::/8"),
        trusted_proxies=("127.0.0.1",),
        requests_per_second_max=1.0,
        requests_burst_max=3,
    ) as running:
        yield running


def coming_from(gateway: Running, address: str, path: str = "/version") -> httpx.Response:
    headers = {"x-forwarded-for": address} if address else {}
    return httpx.get(gateway.url + path, headers=headers)


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "fd00::1", "::ffff:10.1.0.7", "10.2.0.1, 10.1.9.9"]
)
def test_who_is_in_a_network_comes_in(fenced: Running, address: str) -> None:
    assert coming_from(fenced, address).status_code == 200


@pytest.mark.parametrize("address", ["", "10.2.0.1", "fe80::1", "banana", "10.1.2.3, 10.2.0.1"])
@pytest.mark.parametrize("path", ["/version", "/health", "/nope"])
def test_who_is_in_none_stays_out(fenced: Running, address: str, path: str) -> None:
    answer = coming_from(fenced, address, path)
    assert answer.status_code == 403
    assert answer.json() == {"exception_message": "Forbidden: not from this address"}


def test_a_socket_from_outside_is_not_opened(fenced: Running) -> None:
    assert not opens(fenced, "/events/out", None)


def test_nobody_is_believed_whose_proxy_is_not_trusted(redis_url: str, tmp_path: Path) -> None:
    with guarding(redis_url, tmp_path, allowed_networks=("10.0.0.0/8",)) as gateway:
        assert coming_from(gateway, "10.1.2.3").status_code == 403
    with guarding(redis_url, tmp_path, allowed_networks=("127.0.0.0/8",)) as gateway:
        assert coming_from(gateway, "10.1.2.3").status_code == 200


def test_who_asks_too_often_hears_when_to_ask_again(fenced: Running) -> None:
    answers = [coming_from(fenced, "10.1.77.1") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]

    assert [answer.status_code for answer in answers[:3]] == [200, 200, 200]
    assert refused
    assert refused[-1].headers["retry-after"] == "1"
    assert refused[-1].json() == {"exception_message": "Too Many Requests"}
    assert coming_from(fenced, "10.1.77.2").status_code == 200
    assert comes_true(lambda: coming_from(fenced, "10.1.77.1").status_code == 200, 5)
