"""Every scenario has a gateway of its own, and a script of its name."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import Scripts


@pytest.fixture(scope="module")
def gateway(
    request: pytest.FixtureRequest, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """Everything behind one gateway."""
    prefix = request.path.stem.removeprefix("test_").replace("_", "-")
    with Running(redis_url, tmp_path_factory.mktemp("views"), prefix) as running:
        yield running


@pytest.fixture(scope="module")
def api(gateway: Running) -> Iterator[httpx.Client]:
    """A client of the API."""
    with gateway.client() as client:
        yield client


@pytest.fixture
def scripts(request: pytest.FixtureRequest, gateway: Running, tmp_path: Path) -> Iterator[Scripts]:
    """The script, in a home of its own."""
    script = request.path.parent / "flows" / request.path.name.removeprefix("test_")
    started = Scripts(script, gateway.url, tmp_path)
    yield started
    started.kill()
