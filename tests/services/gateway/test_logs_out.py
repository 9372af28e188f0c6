"""Who follows log lines hears those that it asked for, as they are written, and none before."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from headgate.clock import new_id, now
from tests.support.gateway import Running
from tests.support.sockets import ANSWER_S, heard, is_answered, opened, say, socket

PATH = "/logs/out"


def _filter(**more: Any) -> dict[str, Any]:
    """What a client sends, in its full style."""
    return {
        "operator": "and_",
        "level": None,
        "timestamp": {
            "after_": (now() - timedelta(minutes=1)).isoformat(),
            "before_": (now() + timedelta(days=365)).isoformat(),
        },
        "flow_run_id": None,
        "task_run_id": None,
        "text": None,
        **more,
    }


def _follow(connection: ClientConnection, run_id: str, **more: Any) -> None:
    """Ask for the lines of a run, and wait until they are followed."""
    say(connection, {"type": "filter", "filter": _filter(flow_run_id={"any_": [run_id]}, **more)})
    assert is_answered(connection)


def _write(api: httpx.Client, run_id: str, *messages: str, **more: Any) -> None:
    lines = [
        {"name": "n", "level": 20, "message": each, "timestamp": now().isoformat(), **more}
        for each in messages
    ]
    body = [{"flow_run_id": run_id} | line for line in lines]
    assert api.post("/logs/", json=body).status_code == 201


def _messages(connection: ClientConnection, count: int) -> list[str]:
    return [heard(connection)["log"]["message"] for _ in range(count)]


def test_a_line_is_told_as_it_is_read_later(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    task_run_id = str(new_id())
    with socket(gateway, PATH) as connection:
        _follow(connection, run_id)
        _write(api, run_id, "hello", task_run_id=task_run_id)
        told = heard(connection)
    wanted = {"logs": {"flow_run_id": {"any_": [run_id]}}}
    (read,) = api.post("/logs/filter", json=wanted).json()
    assert told == {"type": "log", "log": read}
    assert (read["message"], read["task_run_id"]) == ("hello", task_run_id)


def test_only_what_is_asked_for_is_told_in_the_order_in_which_it_was_written(
    gateway: Running, api: httpx.Client, run_id: str, unknown: str
) -> None:
    with socket(gateway, PATH) as all_of_it, socket(gateway, PATH) as errors:
        _follow(all_of_it, run_id)
        _follow(errors, run_id, level={"ge_": 40}, text={"query": "-boring"})
        _write(api, unknown, "another run's", level=50)
        _write(api, run_id, "one", "two")
        _write(api, run_id, "boring", "bad", level=40)
        assert _messages(all_of_it, 4) == ["one", "two", "boring", "bad"]
        assert _messages(errors, 1) == ["bad"]


def test_what_has_been_is_not_told(gateway: Running, api: httpx.Client, run_id: str) -> None:
    _write(api, run_id, "before")
    with socket(gateway, PATH) as connection:
        _follow(connection, run_id)
        _write(api, run_id, "after")
        assert _messages(connection, 1) == ["after"]


def test_lines_of_another_gateway_are_told(
    gateway: Running, api: httpx.Client, run_id: str, tmp_path: Path
) -> None:
    with (
        Running(gateway.redis_url, tmp_path, gateway.prefix) as other,
        socket(other, PATH) as connection,
    ):
        _follow(connection, run_id)
        _write(api, run_id, "from afar")
        assert _messages(connection, 1) == ["from afar"]


def test_a_burst_is_told_whole_to_who_reads_it(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    messages = [f"m{number}" for number in range(2_500)]
    with socket(gateway, PATH) as connection:
        _follow(connection, run_id)
        _write(api, run_id, *messages)
        assert _messages(connection, len(messages)) == messages


def test_who_does_not_read_is_sent_away_and_the_others_hear_everything(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    rounds, long = 30, "x" * 10_000
    with socket(gateway, PATH, compression=None) as slow, socket(gateway, PATH) as quick:
        _follow(slow, run_id)
        _follow(quick, run_id)
        for number in range(rounds):
            _write(api, run_id, *(f"{number} {place} {long}" for place in range(100)))
            told = [each.removesuffix(long) for each in _messages(quick, 100)]
            assert told == [f"{number} {place} " for place in range(100)]
        with pytest.raises(ConnectionClosed) as closed:
            _messages(slow, rounds * 100)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013


def test_who_does_not_say_who_it_is_is_sent_away(gateway: Running) -> None:
    with opened(gateway, PATH) as connection:
        connection.send(json.dumps({"type": "filter", "filter": _filter()}))
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Expected 'auth' message")
