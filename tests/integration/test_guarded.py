"""The unmodified client runs its flow through a gateway behind every guard that it can pass."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gateway import Running
from tests.support.prefect_client import run_script
from tests.support.servers import RedisServer

SCRIPT = Path(__file__).parent / "flows" / "scenario_a.py"

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Running]:
    """A gateway with CSRF protection, for this machine alone, that packs every answer."""
    server = RedisServer(tmp_path / "redis")
    server.start()
    settings = {
        "csrf_protection_enabled": True,
        "allowed_networks": ("127.0.0.0/8",),
        "cors_allowed_origins": ("https://pages.example",),
        "requests_per_second_max": 1_000.0,
        "gzip_bytes_min": 1,
    }
    with Running(server.url, tmp_path / "views", "guarded", **settings) as running:
        yield running
    server.kill()


def test_a_flow_runs_behind_guards(gateway: Running, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ended = run_script(SCRIPT, gateway.url, home)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "RESULT 365"
    warned = [
        line for line in ended.stderr.splitlines() if "| WARNING" in line or "| ERROR" in line
    ]
    assert warned == []
