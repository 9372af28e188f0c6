"""Background task runs wait for a worker, are handed to one, and wait again if it says nothing."""

import json
from itertools import count
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.support.gateway import Running
from tests.support.sockets import ANSWER_S, heard, say, socket

PATH = "/task_runs/subscriptions/scheduled"
_numbers = count(1)


@pytest.fixture
def task_key() -> str:
    """A task that no other test runs."""
    return f"tasks.work-{next(_numbers)}"


def enqueued(api: httpx.Client, task_key: str, **state: Any) -> str:
    """The id of a background task run that waits."""
    proposed = {"type": "SCHEDULED", "state_details": {"deferred": True}, **state}
    body = {"task_key": task_key, "dynamic_key": f"{next(_numbers)}", "state": proposed}
    made = api.post("/task_runs/", json=body)
    assert made.status_code == 201, made.text
    return made.json()["id"]


def subscribe(connection: ClientConnection, *task_keys: str) -> None:
    say(connection, {"type": "subscribe", "keys": task_keys, "client_id": "host-1"})


def refused(connection: ClientConnection) -> tuple[int, str]:
    """How the gateway closes."""
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=ANSWER_S)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_runs_that_wait_are_handed_out_in_their_order(
    gateway: Running, api: httpx.Client, task_key: str
) -> None:
    first = enqueued(api, task_key)
    with socket(gateway, PATH) as connection:
        subscribe(connection, "another", task_key)
        run = heard(connection)
        assert (run["id"], run["task_key"]) == (first, task_key)
        assert run["state"]["state_details"]["deferred"] is True
        say(connection, {"type": "ack"})
        second, third = enqueued(api, task_key), enqueued(api, task_key)
        for id in (second, third):
            assert heard(connection)["id"] == id
            say(connection, {"type": "ack"})


def test_a_run_goes_to_one_worker(gateway: Running, api: httpx.Client, task_key: str) -> None:
    with socket(gateway, PATH) as one, socket(gateway, PATH) as other:
        subscribe(one, task_key)
        subscribe(other, task_key)
        ids = {enqueued(api, task_key), enqueued(api, task_key)}
        got = [heard(each)["id"] for each in (one, other)]
        assert set(got) == ids


@pytest.mark.parametrize("said", [None, {"type": "quit"}, {"type": "nonsense"}])
def test_a_run_that_nobody_acknowledged_is_the_next_again(
    gateway: Running, api: httpx.Client, task_key: str, said: Any
) -> None:
    id, later = enqueued(api, task_key), enqueued(api, task_key)
    with socket(gateway, PATH) as connection:
        subscribe(connection, task_key)
        assert heard(connection)["id"] == id
        if said is not None:
            say(connection, said)
            code, _ = refused(connection)
            assert code == (4001 if said["type"] == "nonsense" else 1000)
    with socket(gateway, PATH) as connection:
        subscribe(connection, task_key)
        assert heard(connection)["id"] == id
        say(connection, {"type": "ack"})
        assert heard(connection)["id"] == later


def test_a_run_that_does_not_wait_any_more_is_not_handed_out(
    gateway: Running, api: httpx.Client, task_key: str
) -> None:
    gone, cancelled, waiting = (enqueued(api, task_key) for _ in range(3))
    assert api.delete(f"/task_runs/{gone}").status_code == 204
    state = {"type": "CANCELLED"}
    api.post(f"/task_runs/{cancelled}/set_state", json={"state": state, "force": True})
    with socket(gateway, PATH) as connection:
        subscribe(connection, task_key)
        assert heard(connection)["id"] == waiting


def test_a_retry_goes_first(gateway: Running, api: httpx.Client, task_key: str) -> None:
    early, retried = enqueued(api, task_key), enqueued(api, task_key, name="AwaitingRetry")
    with socket(gateway, PATH) as connection:
        subscribe(connection, task_key)
        assert heard(connection)["id"] == retried
        say(connection, {"type": "ack"})
        assert heard(connection)["id"] == early


@pytest.mark.parametrize(("said", "code"), [("quit", 1000), ("ack", 4001)])
def test_who_has_nothing_in_hand_may_quit_and_no_more(
    gateway: Running, task_key: str, said: str, code: int
) -> None:
    with socket(gateway, PATH) as connection:
        subscribe(connection, task_key)
        say(connection, {"type": said})
        assert refused(connection)[0] == code


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("{nope", "'subscribe' message"),
        ({"type": "ack"}, "'subscribe' message"),
        ({"type": "subscribe", "client_id": "x"}, "'keys' in subscribe message"),
        ({"type": "subscribe", "keys": [], "client_id": "x"}, "'keys' in subscribe message"),
        ({"type": "subscribe", "keys": ["a"]}, "'client_id' in subscribe message"),
    ],
)
def test_who_does_not_subscribe_is_sent_away(gateway: Running, said: Any, expected: str) -> None:
    with socket(gateway, PATH) as connection:
        connection.send(said if isinstance(said, str) else json.dumps(said))
        assert refused(connection) == (4001, f"Protocol violation: expected {expected}")
