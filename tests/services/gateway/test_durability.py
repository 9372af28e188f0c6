"""What is confirmed is on disk, and when Redis is away clients are told to come again."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis as blocking
from websockets.exceptions import ConnectionClosed

from headgate.clock import new_id, now
from tests.support.gateway import Running
from tests.support.servers import RedisServer
from tests.support.sockets import ANSWER_S, heard, is_answered, say, socket, task_run_event
from tests.support.waiting import wait_until

SOON_S = 0.3
LATEST_S = 5.0


@pytest.fixture
def gateway(redis_server: RedisServer, tmp_path: Path) -> Iterator[Running]:
    """Everything behind one gateway, on a Redis of this test's own; decisions come in a second."""
    with Running(redis_server.url, tmp_path / "views", "own", reply_timeout_ms=1_000) as running:
        yield running


@pytest.fixture
def commands(redis_server: RedisServer) -> Iterator[Any]:
    """A client of that Redis."""
    client: Any = blocking.Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        redis_server.url
    )
    with client:
        yield client


def _flow(api: httpx.Client) -> str:
    return api.post("/flows/", json={"name": "f"}).json()["id"]


def _proposals(commands: Any) -> int:
    keys: list[bytes] = list(commands.scan_iter("own:*:proposals"))
    return sum(commands.xlen(key) for key in keys)


def test_a_pong_waits_until_what_was_sent_before_it_is_in_the_stream(
    gateway: Running, commands: Any
) -> None:
    with socket(gateway, "/events/in") as connection:
        assert is_answered(connection)
        commands.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
        for _ in range(10):
            say(connection, task_run_event(str(new_id()), None, "RUNNING"))
        pong = connection.ping()
        assert not pong.wait(SOON_S)
        assert _proposals(commands) == 0
        commands.execute_command("CLIENT", "UNPAUSE")
        assert pong.wait(ANSWER_S)
        assert _proposals(commands) == 10


def test_a_socket_whose_events_cannot_be_kept_is_closed_without_a_pong(
    gateway: Running, redis_server: RedisServer
) -> None:
    with socket(gateway, "/events/in") as connection:
        redis_server.kill()
        say(connection, task_run_event(str(new_id()), None, "RUNNING"))
        connection.ping()
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        assert connection.latency == 0, "a pong came"
    redis_server.start()


def test_a_worker_whose_sign_of_life_cannot_be_kept_is_told_to_come_again(
    gateway: Running, redis_server: RedisServer
) -> None:
    alive: dict[str, Any] = {
        "consumer_id": str(new_id()),
        "worker_name": "one",
        "heartbeat_interval_seconds": 30,
    }
    more: dict[str, Any] = {
        "worker_type": "process",
        "supported_channel_versions": ["work_pool_worker_channel.v1"],
        "requested_capabilities": ["worker_heartbeat.v1", "work_pool_snapshot.v1"],
        "create_pool_if_not_found": True,
    }
    frame = {"id": str(new_id()), "sent_at": now().isoformat()}
    with socket(gateway, "/work_pools/pool/workers/connect") as connection:
        say(connection, {"type": "worker.hello.v1", "payload": alive | more, **frame})
        assert heard(connection)["type"] == "worker.ready.v1"
        redis_server.kill()
        say(connection, {"type": "worker.heartbeat.v1", "payload": alive, **frame})
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1011
    assert closed.value.rcvd.reason == "heartbeat_persistence_failed"
    redis_server.start()


@pytest.mark.anyio
async def test_without_redis_clients_come_again_and_are_served_when_it_is_back(
    gateway: Running, redis_server: RedisServer
) -> None:
    async with httpx.AsyncClient(base_url=gateway.url, timeout=20) as api:
        flow = (await api.post("/flows/", json={"name": "f"})).json()
        run = (await api.post("/flow_runs/", json={"flow_id": flow["id"]})).json()
        redis_server.kill()
        state = {"state": {"type": "RUNNING", "state_details": {"transition_id": str(new_id())}}}
        for method, path, body in (
            ("POST", f"/flow_runs/{run['id']}/set_state", state),
            ("POST", "/flow_runs/", {"flow_id": flow["id"]}),
            ("GET", f"/flow_runs/{run['id']}", None),
        ):
            answer = await api.request(method, path, json=body)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json() == {"exception_message": "Service Unavailable"}
        assert (await api.get("/health")).status_code == 200
        unready = await api.get("/ready")
        assert unready.status_code == 503
        assert [missing[:4] for missing in unready.json()["missing"]] == ["log:"]
        redis_server.start()

        async def is_served() -> bool:
            answer = await api.post(f"/flow_runs/{run['id']}/set_state", json=state)
            return answer.status_code == 201 and answer.json()["status"] == "ACCEPT"

        await wait_until(is_served, 20)
        assert (await api.get(f"/flow_runs/{run['id']}")).json()["run_count"] == 1


def test_connections_that_ended_while_nobody_used_them_trouble_no_reader(
    gateway: Running, commands: Any
) -> None:
    with gateway.client() as api:
        flow_id = _flow(api)
        for _ in range(20):
            commands.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            assert api.get(f"/flows/{flow_id}").status_code == 200


def test_a_decision_that_does_not_come_is_answered_within_five_seconds(
    redis_server: RedisServer, commands: Any, tmp_path: Path
) -> None:
    with Running(redis_server.url, tmp_path / "views", "own") as running, running.client() as api:
        flow_id = _flow(api)
        commands.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")
        answer = api.post("/flow_runs/", json={"flow_id": flow_id})
        commands.execute_command("CLIENT", "UNPAUSE")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.elapsed.total_seconds() < LATEST_S


def test_a_redis_that_stands_still_is_told_within_five_seconds(
    gateway: Running, redis_server: RedisServer
) -> None:
    with gateway.client() as api:
        run = api.post("/flow_runs/", json={"flow_id": _flow(api)}).json()
        assert redis_server.process is not None
        redis_server.process.send_signal(signal.SIGSTOP)
        answer = api.get(f"/flow_runs/{run['id']}")
        redis_server.process.send_signal(signal.SIGCONT)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.elapsed.total_seconds() < LATEST_S
