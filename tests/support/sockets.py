"""WebSocket clients of the event stream, and events as engines send them."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from headgate.clock import new_id, now
from tests.support.gateway import Running

ANSWER_S = 15.0
"""Long enough for a machine that stands still for a while."""


@contextmanager
def socket(
    gateway: Running, path: str, token: str | None = None, compression: str | None = "deflate"
) -> Generator[ClientConnection]:
    """A connection to *path* that has been admitted."""
    with opened(gateway, path, compression=compression) as connection:
        say(connection, {"type": "auth", "token": token})
        assert heard(connection) == {"type": "auth_success"}
        yield connection


@contextmanager
def opened(
    gateway: Running, path: str, subprotocol: str = "prefect", compression: str | None = "deflate"
) -> Generator[ClientConnection]:
    """A connection to *path*; nothing has been said on it."""
    offered = [Subprotocol(subprotocol)]
    with connect(
        gateway.socket_url + path,
        subprotocols=offered,
        ping_interval=None,
        compression=compression,
    ) as connection:
        yield connection


def say(connection: ClientConnection, message: object) -> None:
    """Send *message* as JSON."""
    connection.send(json.dumps(message))


def heard(connection: ClientConnection) -> Any:
    """The next message."""
    return json.loads(connection.recv(timeout=ANSWER_S))


def is_answered(connection: ClientConnection, seconds: float = ANSWER_S) -> bool:
    """Whether a ping is answered in time."""
    return connection.ping().wait(seconds)


def event(name: str, resource_id: str, **more: Any) -> dict[str, Any]:
    """Any event."""
    return {
        "id": str(new_id()),
        "event": name,
        "occurred": now().isoformat(),
        "resource": {"prefect.resource.id": resource_id},
        "related": [],
        "payload": {},
        "follows": None,
        **more,
    }


def task_run_event(
    task_run_id: str, flow_run_id: str | None, type: str, **task_run: Any
) -> dict[str, Any]:
    """The event by which an engine says that a task run entered a state of *type*."""
    told = event(f"prefect.task-run.{type.title()}", f"prefect.task-run.{task_run_id}")
    told["resource"]["prefect.orchestration"] = "client"
    if flow_run_id is not None:
        flow_run = {
            "prefect.resource.id": f"prefect.flow-run.{flow_run_id}",
            "prefect.resource.role": "flow-run",
        }
        told["related"].append(flow_run)
    told["payload"] = {
        "validated_state": {"type": type, "state_details": {}, "data": None},
        "task_run": {"task_key": "t", "dynamic_key": task_run_id, **task_run},
    }
    return told
