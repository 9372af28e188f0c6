"""A key does what its scope says on every operation and socket, and nothing beyond it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import anyio
import httpx
import pytest
import redis as blocking
from websockets.exceptions import ConnectionClosed

from events.proposals import StoreResource
from events.resources.administration.api_keys import ApiKey, Scope
from headgate.client import Headgate
from headgate.clock import new_id, new_key
from services.gateway.access import SCOPES
from services.gateway.access.credentials import hash_of
from services.gateway.http.operations import Operation
from services.gateway.routes import OPERATIONS
from services.gateway.sockets import SOCKETS
from tests.support.gateway import Running
from tests.support.inhabitants import filled, inhabit
from tests.support.servers import RedisServer
from tests.support.sockets import ANSWER_S, event, heard, opened, say

READING = [one for one in OPERATIONS if one.scope == "read"]
CHANGING = [one for one in OPERATIONS if one.scope != "read"]
ADMINISTERING = [one for one in OPERATIONS if one.scope == "admin"]
SCOPE_OF_SOCKET = {
    "/events/in": "propose",
    "/events/out": "read",
    "/logs/out": "read",
    "/task_runs/subscriptions/scheduled": "propose",
    "/work_pools/{work_pool_name}/workers/connect": "propose",
}
"""What a socket asks of a key."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway that nobody enters without a key, alone on its Redis."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    directory = tmp_path_factory.mktemp("scopes")
    with Running(server.url, directory, "scopes", api_keys_required=True) as running:
        yield running
    server.kill()


async def _keys(gateway: Running) -> dict[Scope, str]:
    said: dict[Scope, str] = {scope: new_key() for scope in SCOPES}
    async with Headgate(gateway.redis_url, prefix=gateway.prefix) as headgate:
        for scope, key in said.items():
            made = ApiKey(id=new_id(), name=scope, scope=scope, hash=hash_of(key))
            await headgate.propose(StoreResource(id=str(made.id), resource=made))
    return said


@pytest.fixture(scope="module")
def keys(gateway: Running) -> dict[Scope, str]:
    """A key of each scope."""
    return anyio.run(_keys, gateway)


@pytest.fixture
def things(gateway: Running, keys: dict[Scope, str]) -> dict[str, str]:
    """One of everything."""
    with client(gateway, keys["admin"]) as admin:
        return inhabit(admin)


def client(gateway: Running, key: str) -> httpx.Client:
    return gateway.client(headers={"authorization": f"Bearer {key}"})


def ask(api: httpx.Client, one: Operation, things: dict[str, str]) -> httpx.Response:
    body: dict[str, Any] | None = None if one.method in ("GET", "DELETE") else {}
    query = {"flow_run_id": things["/flow_runs/"], "task_run_id": things["/task_runs/"]}
    asked = {name: query.get(name, "x") for name in one.query}
    return api.request(one.method, filled(one.path, things), json=body, params=asked)


def is_shut_out(answer: httpx.Response) -> bool:
    """Whether it is for want of a key; a page token that is none is refused as well."""
    return answer.status_code == 401 or b"needs a key" in answer.content


def written(gateway: Running) -> dict[bytes, Any]:
    """The last entry of every stream of the log and of what is proposed to it."""
    redis: Any = blocking.Redis.from_url(gateway.redis_url)  # pyright: ignore[reportUnknownMemberType]
    with redis:
        keys: list[bytes] = list(redis.scan_iter(f"{gateway.prefix}:*", _type="stream"))
        return {
            key: redis.xinfo_stream(key)["last-generated-id"]
            for key in keys
            if b":replies:" not in key
        }


def test_who_may_read_is_refused_whatever_changes_something(
    gateway: Running, keys: dict[Scope, str], things: dict[str, str]
) -> None:
    with client(gateway, keys["read"]) as reader:
        before = written(gateway)
        answers = {(one.method, one.path): ask(reader, one, things) for one in CHANGING}
        after = written(gateway)

    assert len(before) >= 4  # control and the partition of a run, each asked and decided
    assert [each for each, answer in answers.items() if answer.status_code != 403] == []
    assert {answer.json()["exception_message"] for answer in answers.values()} == {
        "Forbidden: this needs a key with the scope 'propose'",
        "Forbidden: this needs a key with the scope 'admin'",
    }
    assert after == before


def test_what_who_may_read_is_answered_changes_nothing(
    gateway: Running, keys: dict[Scope, str], things: dict[str, str]
) -> None:
    with client(gateway, keys["read"]) as reader:
        before = written(gateway)
        answers = {(one.method, one.path): ask(reader, one, things) for one in READING}
        after = written(gateway)

    refused = [each for each, answer in answers.items() if is_shut_out(answer)]
    found = [each for each, answer in answers.items() if answer.status_code == 200]
    assert refused == []
    assert len(found) > len(READING) * 0.7
    assert after == before


def test_looking_for_a_queue_does_not_make_the_pool_it_would_be_in(
    gateway: Running, keys: dict[Scope, str]
) -> None:
    with client(gateway, keys["read"]) as reader:
        answer = reader.get("/work_queues/name/none")
        assert (answer.status_code, answer.json()) == (404, {"detail": "work queue not found"})
        pools = reader.post("/work_pools/filter", json={}).json()
    assert "default-agent-pool" not in {pool["name"] for pool in pools}


@pytest.mark.parametrize("scope", ["read", "propose"])
def test_only_an_admin_administers(
    gateway: Running, keys: dict[Scope, str], things: dict[str, str], scope: Scope
) -> None:
    given = {"default_result_storage_block_id": things["/block_documents/"]}
    with client(gateway, keys[scope]) as caller, client(gateway, keys["admin"]) as admin:
        assert admin.put("/admin/storage", json=given).status_code == 200
        for one in ADMINISTERING:
            answer = caller.request(one.method, one.path, json=given)
            assert answer.status_code == 403
            assert "'admin'" in answer.json()["exception_message"]
        assert caller.get("/admin/storage").json() == given
        assert admin.delete("/admin/storage").status_code == 204

    assert {(one.method, one.path) for one in ADMINISTERING} >= {
        ("PUT", "/admin/storage"),
        ("DELETE", "/admin/storage"),
    }


def test_who_may_propose_is_refused_nothing_else(
    gateway: Running, keys: dict[Scope, str], things: dict[str, str]
) -> None:
    with client(gateway, keys["propose"]) as worker:
        asked = [one for one in OPERATIONS if one.scope != "admin" and one.method != "DELETE"]
        answers = {(one.method, one.path): ask(worker, one, things) for one in asked}

    assert [each for each, answer in answers.items() if is_shut_out(answer)] == []


def test_no_operation_makes_or_changes_a_key(gateway: Running, keys: dict[Scope, str]) -> None:
    assert [one.path for one in OPERATIONS if "key" in one.path and "{key}" not in one.path] == []
    with client(gateway, keys["admin"]) as admin:
        for path in ("/api_keys/", "/api_key/filter", "/keys", "/admin/keys"):
            assert admin.post(path, json={}).status_code == 404


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_socket_is_for_those_whose_scope_it_is(
    gateway: Running, keys: dict[Scope, str], path: str, scope: Scope
) -> None:
    may = SCOPES.index(scope) >= SCOPES.index(SCOPE_OF_SOCKET[path])
    with opened(gateway, filled(path, {})) as connection:
        say(connection, {"type": "auth", "token": keys[scope]})
        if may:
            assert heard(connection) == {"type": "auth_success"}
            return
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_what_a_reader_sends_on_a_socket_is_not_heard(
    gateway: Running, keys: dict[Scope, str]
) -> None:
    before = written(gateway)
    with opened(gateway, "/events/in") as connection:
        say(connection, {"type": "auth", "token": keys["read"]})
        with suppress(ConnectionClosed):  # it may be over already
            say(connection, event("a.b", "x"))
        with pytest.raises(ConnectionClosed):
            connection.recv(timeout=ANSWER_S)

    assert written(gateway) == before
