"""Work pools and queues stay right when there are many deployments, or others are at work too."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import ModuleType
from typing import Any

import httpx
import pytest

from services.gateway.context import Context
from services.gateway.routes.work_pools import polling, pools, queues, workers
from tests.services.gateway.test_deployments import create
from tests.support.gateway import Running

_numbers = count(1)


@pytest.fixture
def pool(api: httpx.Client) -> str:
    """The name of a work pool."""
    name = f"meanwhile-{next(_numbers)}"
    assert api.post("/work_pools/", json={"name": name, "type": "process"}).status_code == 201
    return name


class Meanwhile:
    """Lets others ask the gateway in the middle of what it does."""

    def __init__(self, gateway: Running, monkeypatch: pytest.MonkeyPatch) -> None:
        self._url = gateway.url
        self._patch = monkeypatch

    def after(
        self, module: ModuleType | type, step: str, method: str, path: str, **asked: Any
    ) -> None:
        """Let somebody ask this once, as soon as *module* has done its *step*."""
        done = getattr(module, step)

        async def interrupted(*args: Any, **more: Any) -> Any:
            self._patch.undo()
            found = await done(*args, **more)
            async with httpx.AsyncClient(base_url=self._url) as other:
                answer = await other.request(method, path, **asked)
                assert answer.is_success, answer.text
            return found

        self._patch.setattr(module, step, interrupted)


@pytest.fixture
def meanwhile(gateway: Running, monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    """How others ask the gateway in the middle of what it does."""
    return Meanwhile(gateway, monkeypatch)


def test_a_poll_makes_all_deployments_of_a_queue_ready(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    def one(number: int) -> str:
        return create(api, flow_id, name=f"d{number}", work_pool_name=pool).json()["id"]

    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(one, range(201)))
    assert api.post(f"/work_pools/{pool}/get_scheduled_flow_runs", json={}).status_code == 200
    assert {api.get(f"/deployments/{id}").json()["status"] for id in ids} == {"READY"}


def test_a_deployment_that_goes_while_it_is_polled_is_not_missed(
    api: httpx.Client, flow_id: str, meanwhile: Meanwhile
) -> None:
    id = create(api, flow_id, name="polled").json()["id"]
    meanwhile.after(Context, "resource", "DELETE", f"/deployments/{id}")

    found = api.post("/deployments/get_scheduled_flow_runs", json={"deployment_ids": [id]})
    assert (found.status_code, found.json()) == (200, [])
    assert api.get(f"/deployments/{id}").status_code == 404


@pytest.mark.parametrize("gone", ["the pool", "its queue"])
def test_a_deployment_that_is_moved_while_its_place_goes_stays_where_it_is(
    api: httpx.Client, flow_id: str, pool: str, meanwhile: Meanwhile, gone: str
) -> None:
    other = f"{pool}-other"
    assert api.post("/work_pools/", json={"name": other, "type": "process"}).status_code == 201
    id = create(api, flow_id, work_pool_name=pool, work_queue_name="low").json()["id"]
    module, place = (pools, "") if gone == "the pool" else (queues, "/queues/low")
    moved = {"work_pool_name": other}
    meanwhile.after(module, "all_listed", "PATCH", f"/deployments/{id}", json=moved)
    assert api.delete(f"/work_pools/{pool}{place}").status_code == 204
    left = api.get(f"/deployments/{id}").json()
    assert (left["work_pool_name"], left["work_queue_name"]) == (other, "default")
    assert left["work_queue_id"] is not None


def test_a_pool_goes_though_a_deployment_of_it_goes_meanwhile(
    api: httpx.Client, flow_id: str, pool: str, meanwhile: Meanwhile
) -> None:
    first, second = (
        create(api, flow_id, name=name, work_pool_name=pool).json()["id"] for name in "ab"
    )
    meanwhile.after(pools, "remove", "DELETE", f"/deployments/{first}")
    assert api.delete(f"/work_pools/{pool}").status_code == 204
    assert api.get(f"/deployments/{second}").json()["work_pool_name"] is None


def test_a_pool_that_is_paused_during_a_heartbeat_is_paused(
    api: httpx.Client, pool: str, meanwhile: Meanwhile
) -> None:
    meanwhile.after(workers, "store", "PATCH", f"/work_pools/{pool}", json={"is_paused": True})
    assert api.post(f"/work_pools/{pool}/workers/heartbeat", json={"name": "w"}).status_code == 204
    found = api.get(f"/work_pools/{pool}").json()
    assert (found["is_paused"], found["status"]) == (True, "PAUSED")


def test_a_pool_that_goes_during_a_heartbeat_is_not_there(
    api: httpx.Client, pool: str, meanwhile: Meanwhile
) -> None:
    meanwhile.after(workers, "store", "DELETE", f"/work_pools/{pool}")
    beat = api.post(f"/work_pools/{pool}/workers/heartbeat", json={"name": "w"})
    assert (beat.status_code, beat.json()) == (404, {"detail": "Work pool not found."})


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_queue_that_is_paused_or_goes_during_a_poll_is_so(
    api: httpx.Client, pool: str, meanwhile: Meanwhile, method: str
) -> None:
    path = f"/work_pools/{pool}/queues/default"
    asked = {"json": {"is_paused": True}} if method == "PATCH" else {}
    meanwhile.after(polling, "queues_of", method, path, **asked)
    assert api.post(f"/work_pools/{pool}/get_scheduled_flow_runs", json={}).status_code == 200
    left = api.get(path)
    if method == "DELETE":
        assert left.status_code == 404
    else:
        found = left.json()
        assert (found["is_paused"], found["status"]) == (True, "PAUSED")
        assert found["last_polled"] is not None


def test_queues_that_are_made_at_once_have_priorities_of_their_own(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    def one(number: int) -> int:
        if number % 2:
            body = {"work_pool_name": pool, "work_queue_name": f"q{number}"}
            assert create(api, flow_id, name=f"d{number}", **body).status_code == 201
        else:
            asked = {"name": f"q{number}", "priority": None}
            assert api.post(f"/work_pools/{pool}/queues", json=asked).status_code == 201
        return api.get(f"/work_pools/{pool}/queues/q{number}").json()["priority"]

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(one, range(8))) == [*range(2, 10)]


def test_many_workers_may_poll_and_show_that_they_live_at_once(
    api: httpx.Client, gateway: Running, pool: str
) -> None:
    def one(number: int) -> tuple[int, int]:
        with gateway.client() as worker:
            beat = worker.post(f"/work_pools/{pool}/workers/heartbeat", json={"name": f"w{number}"})
            poll = worker.post(f"/work_pools/{pool}/get_scheduled_flow_runs", json={})
        return beat.status_code, poll.status_code

    with ThreadPoolExecutor(24) as threads:
        assert {*threads.map(one, range(24))} == {(204, 200)}
    assert api.get(f"/work_pools/{pool}").json()["status"] == "READY"
    assert api.get(f"/work_pools/{pool}/queues/default").json()["status"] == "READY"
