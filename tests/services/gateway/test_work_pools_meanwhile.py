"""Work pools and queues stay right when there are many deployments, or others are at work too."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

import httpx
import pytest

from tests.services.gateway.test_deployments import create

_numbers = count(1)


@pytest.fixture
def pool(api: httpx.Client) -> str:
    """The name of a work pool."""
    name = f"meanwhile-{next(_numbers)}"
    assert api.post("/work_pools/", json={"name": name, "type": "process"}).status_code == 201
    return name


def test_a_poll_makes_all_deployments_of_a_queue_ready(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    def one(number: int) -> str:
        return create(api, flow_id, name=f"d{number}", work_pool_name=pool).json()["id"]

    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(one, range(201)))
    assert api.post(f"/work_pools/{pool}/get_scheduled_flow_runs", json={}).status_code == 200
    assert {api.get(f"/deployments/{id}").json()["status"] for id in ids} == {"READY"}
