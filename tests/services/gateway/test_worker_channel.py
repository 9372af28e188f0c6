"""A worker on its socket is noted alive and hears what becomes of its pool."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from headgate.clock import new_id, now
from services.gateway.event_stream.pools import Pools
from services.gateway.event_stream.subscriptions import Subscription
from tests.support.gateway import Running
from tests.support.sockets import ANSWER_S, heard, opened, say, socket
from tests.support.waiting import comes_true

CAPABILITIES = ["worker_heartbeat.v1", "work_pool_snapshot.v1"]
CONSUMER = str(new_id())


@pytest.fixture
def pool(api: httpx.Client) -> str:
    """The name of a work pool with two queues."""
    name = f"pool-{new_id()}"
    assert api.post("/work_pools/", json={"name": name, "type": "process"}).status_code == 201
    assert api.post(f"/work_pools/{name}/queues", json={"name": "urgent"}).status_code == 201
    return name


def _frame(type: str, payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    sent_at = now().isoformat()
    return {"type": type, "id": str(new_id()), "sent_at": sent_at, "payload": payload, **more}


def _hello(**more: Any) -> dict[str, Any]:
    """What a process worker says first."""
    payload: dict[str, Any] = {
        "consumer_id": CONSUMER,
        "worker_name": "one",
        "worker_type": "process",
        "heartbeat_interval_seconds": 30,
        "supported_channel_versions": ["work_pool_worker_channel.v1"],
        "requested_capabilities": CAPABILITIES,
        "work_queue_names": [],
        "handled_cleanup_kinds": [],
        "max_cleanup_concurrency": 0,
        "create_pool_if_not_found": False,
        "default_base_job_template": {},
        "worker_metadata": None,
    }
    return _frame("worker.hello.v1", payload | more)


def _heartbeat(**more: Any) -> dict[str, Any]:
    alive = {"consumer_id": CONSUMER, "worker_name": "one", "heartbeat_interval_seconds": 30}
    return _frame("worker.heartbeat.v1", alive | more)


@contextmanager
def _connected(
    gateway: Running, pool: str, **more: Any
) -> Generator[tuple[ClientConnection, dict[str, Any]]]:
    """A worker that has been welcomed, and how."""
    with socket(gateway, f"/work_pools/{pool}/workers/connect") as connection:
        say(connection, _hello(**more))
        ready = heard(connection)
        assert ready["type"] == "worker.ready.v1", ready
        yield connection, ready["payload"]


def _closed(connection: ClientConnection) -> tuple[int, str]:
    """How the server ends the connection, at once."""
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def _workers(api: httpx.Client, pool: str) -> list[dict[str, Any]]:
    return api.post(f"/work_pools/{pool}/workers/filter", json={}).json()


def test_a_worker_is_welcomed_and_makes_its_pool_ready(
    gateway: Running, api: httpx.Client, pool: str
) -> None:
    with _connected(gateway, pool) as (_, ready):
        shown = api.get(f"/work_pools/{pool}").json()
        queues = api.post(f"/work_pools/{pool}/queues/filter", json={}).json()
    assert shown["status"] == "READY"
    assert ready == {
        "consumer_id": CONSUMER,
        "worker_id": None,
        "selected_channel_version": "work_pool_worker_channel.v1",
        "effective_heartbeat_interval_seconds": 30,
        "accepted_capabilities": CAPABILITIES,
        "rejected_capabilities": [],
        "effective_max_cleanup_concurrency": 0,
        "resolved_work_queues": [{"id": each["id"], "name": each["name"]} for each in queues],
        "initial_snapshot": {"snapshot_sequence": 1, "reason": "initial", "work_pool": shown},
    }
    assert [each["name"] for each in queues] == ["default", "urgent"]
    (worker,) = _workers(api, pool)
    assert (worker["name"], worker["status"]) == ("one", "ONLINE")
    assert worker["heartbeat_interval_seconds"] == 30


def test_a_heartbeat_is_noted(gateway: Running, api: httpx.Client, pool: str) -> None:
    with _connected(gateway, pool) as (connection, _):
        (before,) = _workers(api, pool)
        say(connection, _heartbeat(heartbeat_interval_seconds=7))

        def is_noted() -> bool:
            (after,) = _workers(api, pool)
            is_later = after["last_heartbeat_time"] > before["last_heartbeat_time"]
            return is_later and after["heartbeat_interval_seconds"] == 7

        assert comes_true(is_noted, ANSWER_S)


def test_a_worker_hears_of_each_change_of_its_pool_and_of_no_other(
    gateway: Running, api: httpx.Client, pool: str
) -> None:
    api.post("/work_pools/", json={"name": f"{pool}-other"})
    with _connected(gateway, pool) as (connection, _):
        api.patch(f"/work_pools/{pool}-other", json={"is_paused": True})
        for number, change in enumerate(({"is_paused": True}, {"description": "new"}), start=2):
            api.patch(f"/work_pools/{pool}", json=change)
            told = heard(connection)
            assert told["type"] == "work_pool.snapshot.v1"
            assert told["payload"] == {
                "snapshot_sequence": number,
                "reason": "work_pool_updated",
                "work_pool": api.get(f"/work_pools/{pool}").json(),
            }


def test_a_change_through_another_gateway_is_told(
    gateway: Running, pool: str, tmp_path: Path
) -> None:
    with (
        _connected(gateway, pool) as (connection, _),
        Running(gateway.redis_url, tmp_path, gateway.prefix) as other,
        other.client() as there,
    ):
        there.patch(f"/work_pools/{pool}", json={"is_paused": True})
        assert heard(connection)["payload"]["work_pool"]["is_paused"] is True


def test_a_worker_may_ask_for_some_queues(gateway: Running, pool: str) -> None:
    with _connected(gateway, pool, work_queue_names=["urgent"]) as (_, ready):
        assert [each["name"] for each in ready["resolved_work_queues"]] == ["urgent"]


def test_what_is_not_offered_is_rejected_and_the_rest_given(gateway: Running, pool: str) -> None:
    asked = [*CAPABILITIES, "cleanup_delivery.v1", "tea.v1"]
    cleaning = {"handled_cleanup_kinds": ["cancelling_timeout_teardown.v1"]}
    with _connected(
        gateway, pool, requested_capabilities=asked, max_cleanup_concurrency=2, **cleaning
    ) as (_, ready):
        assert ready["accepted_capabilities"] == CAPABILITIES
        assert ready["rejected_capabilities"] == ["cleanup_delivery.v1", "tea.v1"]
        assert ready["effective_max_cleanup_concurrency"] == 0


def test_a_pool_is_made_when_the_worker_asks_for_it(gateway: Running, api: httpx.Client) -> None:
    name = f"made-{new_id()}"
    variables: dict[str, Any] = {"properties": {"b": {}}}
    template = {"job_configuration": {"a": "{{ b }}"}, "variables": variables}
    with _connected(
        gateway, name, create_pool_if_not_found=True, default_base_job_template=template
    ) as (_, ready):
        made = api.get(f"/work_pools/{name}").json()
    assert ready["initial_snapshot"]["work_pool"] == made
    assert (made["type"], made["status"]) == ("process", "READY")
    assert made["base_job_template"] == template


def test_a_worker_of_a_deleted_pool_is_dismissed(
    gateway: Running, api: httpx.Client, pool: str
) -> None:
    with _connected(gateway, pool) as (connection, _):
        assert api.delete(f"/work_pools/{pool}").status_code == 204
        assert _closed(connection) == (1008, "authorization_failed")


def test_a_worker_whose_pool_goes_while_it_comes_is_dismissed(
    gateway: Running, api: httpx.Client, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe = Pools.subscribe

    async def subscribe_late(pools: Pools, pool_id: UUID) -> Subscription[UUID]:
        gone = await asyncio.to_thread(api.delete, f"/work_pools/{pool}")
        assert gone.status_code == 204
        return await subscribe(pools, pool_id)

    monkeypatch.setattr(Pools, "subscribe", subscribe_late)
    with socket(gateway, f"/work_pools/{pool}/workers/connect") as connection:
        say(connection, _hello())
        assert _closed(connection) == (1008, "authorization_failed")


UNDECLARED = {"job_configuration": {"a": "{{ b }}"}, "variables": {}}
REFUSED: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"work_queue_names": ["default", "nope"]}, (1008, "authorization_failed")),
    ({"supported_channel_versions": ["v0"]}, (1008, "unsupported_version")),
    ({"supported_channel_versions": []}, (1002, "protocol_error")),
    ({"requested_capabilities": CAPABILITIES[:1]}, (1002, "protocol_error")),
    ({"max_cleanup_concurrency": 1}, (1002, "protocol_error")),
    ({"handled_cleanup_kinds": ["pending_claim_teardown.v1"]}, (1002, "protocol_error")),
    ({"worker_name": ""}, (1002, "protocol_error")),
    ({"heartbeat_interval_seconds": 0}, (1002, "protocol_error")),
    ({"consumer_id": "me"}, (1002, "protocol_error")),
    ({"bogus": 1}, (1002, "protocol_error")),
]


@pytest.mark.parametrize(("wrong", "close"), REFUSED)
def test_a_worker_that_wants_what_there_is_not_is_dismissed(
    gateway: Running, pool: str, wrong: dict[str, Any], close: tuple[int, str]
) -> None:
    with socket(gateway, f"/work_pools/{pool}/workers/connect") as connection:
        say(connection, _hello(**wrong))
        assert _closed(connection) == close


@pytest.mark.parametrize(
    ("name", "wanted", "close"),
    [
        ("nowhere", {}, (1008, "authorization_failed")),
        ("Prefect-x", {"create_pool_if_not_found": True}, (1008, "authorization_failed")),
        (
            "undeclared",
            {"create_pool_if_not_found": True, "default_base_job_template": UNDECLARED},
            (1002, "protocol_error"),
        ),
    ],
)
def test_a_worker_without_a_pool_is_dismissed(
    gateway: Running, api: httpx.Client, name: str, wanted: dict[str, Any], close: tuple[int, str]
) -> None:
    with socket(gateway, f"/work_pools/{name}/workers/connect") as connection:
        say(connection, _hello(**wanted))
        assert _closed(connection) == close
    assert api.get(f"/work_pools/{name}").status_code == 404


@pytest.mark.parametrize("first", ["hello", "{}", '{"type":"worker.bye.v1"}'])
def test_what_is_no_frame_is_no_greeting(gateway: Running, pool: str, first: str) -> None:
    with socket(gateway, f"/work_pools/{pool}/workers/connect") as connection:
        connection.send(first)
        assert _closed(connection) == (1002, "protocol_error")


WRONG_LATER: list[dict[str, Any]] = [
    _hello(),
    _heartbeat(consumer_id=str(new_id())),
    _heartbeat(worker_name="two"),
    _heartbeat() | {"more": 1},
    _frame("cleanup.ack.v1", {"message_id": str(new_id()), "reservation_token": "t"}),
]


@pytest.mark.parametrize("frame", WRONG_LATER)
def test_a_worker_that_says_what_it_must_not_is_dismissed(
    gateway: Running, pool: str, frame: dict[str, Any]
) -> None:
    with _connected(gateway, pool) as (connection, _):
        say(connection, frame)
        assert _closed(connection) == (1002, "protocol_error")


def test_who_does_not_authenticate_is_dismissed(gateway: Running, pool: str) -> None:
    with opened(gateway, f"/work_pools/{pool}/workers/connect") as connection:
        say(connection, _hello())
        assert _closed(connection) == (1008, "authentication_failed")


def test_a_wrong_token_is_dismissed(redis_url: str, tmp_path: Path) -> None:
    with (
        Running(redis_url, tmp_path, f"test-{new_id().hex}", api_auth_string="a:b") as closed,
        opened(closed, "/work_pools/x/workers/connect") as connection,
    ):
        say(connection, {"type": "auth", "token": "a:c"})
        assert _closed(connection) == (1008, "authentication_failed")


def test_a_worker_that_leaves_is_not_offline_at_once(
    api: httpx.Client, gateway: Running, pool: str
) -> None:
    """One that comes back was never away."""
    with _connected(gateway, pool):
        pass
    (worker,) = _workers(api, pool)
    assert worker["status"] == "ONLINE"
