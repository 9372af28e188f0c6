"""What clients tell is heard once by all who listen, at whichever gateway and however late."""

from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection

from headgate.clock import new_id
from tests.support.gateway import Running
from tests.support.sockets import event, heard, is_answered, say, socket

PATH = "/events/out"


def _tell(gateway: Running, *events: dict[str, Any]) -> list[str]:
    """Tell *events* and wait until they are kept; their ids."""
    with socket(gateway, "/events/in") as connection:
        for one in events:
            say(connection, one)
        assert is_answered(connection)
    return [one["id"] for one in events]


def _listen(connection: ClientConnection, *resources: str, **more: Any) -> None:
    say(connection, {"type": "filter", "filter": {"resource": {"id": resources}, **more}})
    assert is_answered(connection)


def _ids(connection: ClientConnection, count: int) -> list[str]:
    return [heard(connection)["event"]["id"] for _ in range(count)]


def test_what_was_told_comes_first_in_its_order_and_then_what_is_told(gateway: Running) -> None:
    resource = f"mine.{new_id()}"
    told = _tell(gateway, *(event("my.event", resource) for _ in range(600)))
    with socket(gateway, PATH) as connection:
        _listen(connection, resource)
        assert _ids(connection, len(told)) == told
        later = _tell(gateway, event("my.event", resource), event("my.event", resource))
        assert _ids(connection, len(later)) == later


def test_what_was_told_is_among_the_states_where_it_belongs(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    resource = f"prefect.flow-run.{run_id}"
    _tell(gateway, event("my.first", resource), event("my.second", resource))
    body = {"state": {"type": "RUNNING"}}
    assert api.post(f"/flow_runs/{run_id}/set_state", json=body).json()["status"] == "ACCEPT"
    _tell(gateway, event("my.third", resource))
    with socket(gateway, PATH) as connection:
        _listen(connection, resource)
        assert [heard(connection)["event"]["event"] for _ in range(5)] == [
            "prefect.flow-run.Pending",
            "my.first",
            "my.second",
            "prefect.flow-run.Running",
            "my.third",
        ]


def test_of_what_was_told_only_what_is_asked_for_comes(gateway: Running) -> None:
    resource = f"mine.{new_id()}"
    _tell(gateway, event("my.event", resource), event("my.event", f"another.{resource}"))
    wanted = _tell(gateway, event("my.other", resource))
    with socket(gateway, PATH) as connection:
        _listen(connection, resource, event={"name": ["my.other"]})
        wanted += _tell(gateway, event("my.event", resource), event("my.other", resource))[1:]
        assert _ids(connection, 2) == wanted


def test_what_was_told_can_be_left_out(gateway: Running) -> None:
    resource = f"mine.{new_id()}"
    _tell(gateway, event("my.event", resource))
    with socket(gateway, PATH) as connection:
        wanted = {"resource": {"id": [resource]}}
        say(connection, {"type": "filter", "filter": wanted, "backfill": False})
        assert is_answered(connection)
        told = _tell(gateway, event("my.event", resource))
        assert _ids(connection, 1) == told


def test_what_is_told_any_gateway_is_heard_at_each_once_and_in_one_order(
    gateway: Running, tmp_path: Path
) -> None:
    resource = f"mine.{new_id()}"
    with (
        Running(gateway.redis_url, tmp_path, gateway.prefix) as other,
        socket(gateway, PATH) as here,
        socket(other, PATH) as there,
    ):
        _listen(here, resource)
        _listen(there, resource)
        told: list[str] = []
        for each in (gateway, other, gateway, other):
            told += _tell(each, event("my.event", resource, payload={"a": [1, 2.5, None]}))
        assert _ids(here, len(told)) == told
        assert _ids(there, len(told)) == told
