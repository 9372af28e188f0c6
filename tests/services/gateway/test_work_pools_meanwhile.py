"""Work pools and queues stay right when there are many deployments, or others are at work too."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import ModuleType
from typing import Any

import httpx
import pytest

from services.gateway.routes.work_pools import pools, queues
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

    def after(self, module: ModuleType, step: str, method: str, path: str, **asked: Any) -> None:
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
