"""Who waits for background task runs is known to every gateway while it is connected."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection

from events.streams import Streams
from headgate.clock import new_id, now
from services.gateway.background import TaskWorkers
from services.gateway.background.workers import SEEN
from tests.support.clients import client_of
from tests.support.gateway import Running
from tests.support.sockets import say, socket
from tests.support.waiting import comes_true

PATH = "/task_runs/subscriptions/scheduled"
SOON_S = 5.0


@pytest.fixture
def task_key() -> str:
    """A task that no other test runs."""
    return f"tasks.work-{new_id()}"


def _subscribe(connection: ClientConnection, name: str, *task_keys: str) -> None:
    say(connection, {"type": "subscribe", "keys": task_keys, "client_id": name})


def _known(api: httpx.Client, *task_keys: str) -> Any:
    asked = {"task_worker_filter": {"task_keys": task_keys}}
    return api.post("/task_workers/filter", json=asked).json()


def test_a_worker_is_known_while_it_is_connected(
    gateway: Running, api: httpx.Client, task_key: str
) -> None:
    with socket(gateway, PATH) as connection:
        _subscribe(connection, f"host-{task_key}", task_key, "another")
        assert comes_true(lambda: bool(_known(api, task_key)), SOON_S)
        (worker,) = _known(api, "nobody's", task_key)
        assert worker["identifier"] == f"host-{task_key}"
        assert worker["task_keys"] == ["another", task_key]
        assert worker in api.post("/task_workers/filter", json={}).json()
        assert worker in api.post("/task_workers/filter").json()
        assert _known(api, "nobody's") == []
    assert comes_true(lambda: not _known(api, task_key), SOON_S)


def test_a_worker_is_known_to_other_gateways(
    gateway: Running, task_key: str, tmp_path: Path
) -> None:
    with (
        Running(gateway.redis_url, tmp_path, gateway.prefix) as other,
        other.client() as there,
        socket(gateway, PATH) as connection,
    ):
        _subscribe(connection, f"host-{task_key}", task_key)
        assert comes_true(lambda: bool(_known(there, task_key)), SOON_S)


def test_one_worker_with_two_connections_runs_the_tasks_of_both(
    gateway: Running, api: httpx.Client, task_key: str
) -> None:
    with socket(gateway, PATH) as one, socket(gateway, PATH) as other:
        _subscribe(one, task_key, f"{task_key}-a")
        _subscribe(other, task_key, f"{task_key}-b")
        both = [f"{task_key}-a", f"{task_key}-b"]

        def keys() -> list[str]:
            return [key for each in _known(api, *both) for key in each["task_keys"]]

        assert comes_true(lambda: keys() == both, SOON_S)


def test_a_filter_without_tasks_is_refused(api: httpx.Client) -> None:
    answer = api.post("/task_workers/filter", json={"task_worker_filter": {}})

    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert problem["loc"] == ["body", "task_worker_filter", "task_keys"]


@pytest.mark.anyio
async def test_a_worker_whose_gateway_was_killed_is_forgotten(
    redis_url: str, streams: Streams
) -> None:
    async with client_of(redis_url) as redis:
        earlier = TaskWorkers(redis, streams, lambda: now() - 2 * SEEN)
        workers = TaskWorkers(redis, streams, now)
        async with earlier.present(new_id(), "gone", ["t"]):
            assert await workers.known() == []
            assert await earlier.known() == []
        async with workers.present(new_id(), "here", ["t"]) as presence:
            await presence.go_on()
            assert [each.identifier for each in await workers.known()] == ["here"]
