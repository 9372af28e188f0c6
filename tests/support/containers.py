"""Redis and PostgreSQL in containers, for tests that are told to use them.

`HEADGATE_TEST_CONTAINERS=1` asks for them; `HEADGATE_TEST_REDIS_IMAGE` and
`HEADGATE_TEST_POSTGRES_IMAGE` name other images. Without it nothing here starts anything.
"""

import os
import time
from collections.abc import Generator
from contextlib import contextmanager

from testcontainers.core.container import DockerContainer

REDIS_IMAGE = "redis:7.4.6-bookworm"
POSTGRES_IMAGE = "postgres:17.6-bookworm"
READY_SECONDS = 60.0
SECRET = "headgate"
"""The password of a database that lives as long as the tests and listens on this machine."""


def wanted() -> bool:
    """Whether tests shall run on containers."""
    return os.environ.get("HEADGATE_TEST_CONTAINERS") == "1"


@contextmanager
def redis_in_container() -> Generator[str]:
    """A Redis with an append-only file; its URL."""
    image = os.environ.get("HEADGATE_TEST_REDIS_IMAGE", REDIS_IMAGE)
    command = (
        "redis-server --bind 0.0.0.0 --protected-mode no --appendonly yes "
        "--appendfsync always --save '' --maxmemory-policy noeviction"
    )
    container = DockerContainer(image).with_command(command)
    with _ready(container, 6379, ["redis-cli", "ping"]) as address:
        yield f"redis://{address}"


@contextmanager
def postgres_in_container() -> Generator[str]:
    """A PostgreSQL with one empty database; its SQLAlchemy URL."""
    image = os.environ.get("HEADGATE_TEST_POSTGRES_IMAGE", POSTGRES_IMAGE)
    container = (
        DockerContainer(image)
        .with_env("POSTGRES_USER", "headgate")
        .with_env("POSTGRES_PASSWORD", SECRET)
        .with_env("POSTGRES_DB", "headgate")
    )
    # over TCP: while it sets itself up it answers on its socket only
    with _ready(container, 5432, ["pg_isready", "--host", "127.0.0.1"]) as address:
        yield f"postgresql+psycopg://headgate:{SECRET}@{address}/headgate"


@contextmanager
def _ready(container: DockerContainer, port: int, probe: list[str]) -> Generator[str]:
    """The address of *port* of *container*, which runs until the end, once *probe* succeeds."""
    with container.with_exposed_ports(port):
        deadline = time.monotonic() + READY_SECONDS
        while container.exec(probe).exit_code != 0:
            assert time.monotonic() < deadline, f"{container.image}: no answer to {probe}"
            time.sleep(0.1)
        yield f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
