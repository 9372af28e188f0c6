"""One gateway, rule processor and projector for all tests here; each test has runs of its own."""

from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest
import redis as blocking

from tests.support.gateway import Running

PREFIX = "test-gateway"
_numbers = count(1)


@pytest.fixture(scope="session")
def gateway(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Everything behind one gateway, on the session's Redis."""
    with Running(redis_url, tmp_path_factory.mktemp("gateway"), PREFIX) as running:
        yield running
    client: Any = blocking.Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    with client:
        client.unlink(*client.scan_iter(f"{PREFIX}:*"))


@pytest.fixture
def api(gateway: Running) -> Iterator[httpx.Client]:
    """A client of the API."""
    with gateway.client() as client:
        yield client


@pytest.fixture
def flow_id(api: httpx.Client) -> str:
    """The id of a flow that no other test uses."""
    name = f"flow-{next(_numbers)}"
    return api.post("/flows/", json={"name": name, "labels": {"team": "a"}}).json()["id"]


@pytest.fixture
def run_id(api: httpx.Client, flow_id: str) -> str:
    """The id of a pending flow run."""
    return api.post("/flow_runs/", json={"flow_id": flow_id}).json()["id"]


@pytest.fixture
def unknown() -> str:
    """An id of nothing."""
    return str(UUID("11111111-2222-4333-8444-555555555555"))
