"""Subscribers hear what a flow run enters, first from the log, then as it happens."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from headgate.clock import new_id, now
from tests.support.gateway import Running
from tests.support.sockets import (
    ANSWER_S,
    event,
    heard,
    is_answered,
    say,
    socket,
    task_run_event,
)

PATH = "/events/out"


def _filter(run_id: str, **more: Any) -> dict[str, Any]:
    """What a client sends that waits for a run, in its full style."""
    return {
        "occurred": {
            "since": (now() - timedelta(minutes=1)).isoformat(),
            "until": (now() + timedelta(days=365)).isoformat(),
        },
        "event": {"prefix": ["prefect.flow-run"], "exclude_prefix": None, "name": None},
        "resource": {"id": [f"prefect.flow-run.{run_id}"], "id_prefix": None, "distinct": False},
        "related": None,
        "any_resource": None,
        "id": {"id": []},
        "text": None,
        "order": "DESC",
        **more,
    }


def _enter(api: httpx.Client, run_id: str, type: str, **fields: Any) -> Any:
    body = {"state": {"type": type, **fields}}
    return api.post(f"/flow_runs/{run_id}/set_state", json=body).json()["state"]


def _subscribe(connection: ClientConnection, filter: dict[str, Any], **more: Any) -> None:
    say(connection, {"type": "filter", "filter": filter, **more})


def _named(connection: ClientConnection, count: int) -> list[str]:
    return [heard(connection)["event"]["event"] for _ in range(count)]


def test_a_transition_is_told_with_what_it_is_about(
    gateway: Running, api: httpx.Client, flow_id: str
) -> None:
    run = api.post("/flow_runs/", json={"flow_id": flow_id, "tags": ["rt"]}).json()
    with socket(gateway, PATH) as connection:
        _subscribe(connection, _filter(run["id"], event={"name": ["prefect.flow-run.Running"]}))
        state = _enter(api, run["id"], "RUNNING", message="go")
        told = heard(connection)
    assert told["type"] == "event"
    happened = told["event"]
    assert happened["id"] == state["id"]
    assert happened["occurred"] == state["timestamp"]
    assert happened["event"] == "prefect.flow-run.Running"
    assert happened["follows"] == run["state_id"]
    assert happened["resource"] == {
        "prefect.resource.id": f"prefect.flow-run.{run['id']}",
        "prefect.resource.name": run["name"],
        "prefect.run-count": "1",
        "prefect.state-message": "go",
        "prefect.state-name": "Running",
        "prefect.state-timestamp": state["timestamp"].replace("Z", "+00:00"),
        "prefect.state-type": "RUNNING",
    }
    flow = api.get(f"/flows/{flow_id}").json()
    assert happened["related"] == [
        {
            "prefect.resource.id": f"prefect.flow.{flow_id}",
            "prefect.resource.role": "flow",
            "prefect.resource.name": flow["name"],
        },
        {"prefect.resource.id": "prefect.tag.rt", "prefect.resource.role": "tag"},
    ]
    assert happened["payload"] == {
        "intended": {"from": "PENDING", "to": "RUNNING"},
        "initial_state": {"type": "PENDING", "name": "Pending"},
        "validated_state": {"type": "RUNNING", "name": "Running", "message": "go"},
    }
    assert happened["received"] is not None


def test_what_has_been_comes_first_and_oldest_first(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    _enter(api, run_id, "RUNNING")
    with socket(gateway, PATH) as connection:
        _subscribe(connection, _filter(run_id))
        assert _named(connection, 2) == ["prefect.flow-run.Pending", "prefect.flow-run.Running"]
        _enter(api, run_id, "COMPLETED")
        assert _named(connection, 1) == ["prefect.flow-run.Completed"]


def test_what_has_been_can_be_left_out(gateway: Running, api: httpx.Client, run_id: str) -> None:
    with socket(gateway, PATH) as connection:
        _subscribe(connection, _filter(run_id), backfill=False)
        assert is_answered(connection)
        _enter(api, run_id, "RUNNING")
        assert _named(connection, 1) == ["prefect.flow-run.Running"]


def test_subscribing_while_a_run_moves_loses_nothing_and_repeats_nothing(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    entered: list[str] = []
    told: list[list[str]] = []
    for _ in range(5):
        with socket(gateway, PATH) as connection:
            entered.append(_enter(api, run_id, "RUNNING")["id"])
            _subscribe(connection, _filter(run_id, event={"name": ["prefect.flow-run.Running"]}))
            entered.append(_enter(api, run_id, "RUNNING")["id"])
            told.append([heard(connection)["event"]["id"] for _ in entered])
    assert told == [entered[:length] for length in (2, 4, 6, 8, 10)]


def test_refused_states_are_not_told(gateway: Running, api: httpx.Client, run_id: str) -> None:
    with socket(gateway, PATH) as connection:
        _subscribe(connection, _filter(run_id), backfill=False)
        assert is_answered(connection)
        _enter(api, run_id, "PENDING")
        _enter(api, run_id, "RUNNING")
        assert _named(connection, 1) == ["prefect.flow-run.Running"]


def test_a_renamed_run_is_told_by_its_new_name(
    gateway: Running, api: httpx.Client, run_id: str
) -> None:
    with socket(gateway, PATH) as connection:
        _subscribe(connection, _filter(run_id))
        heard(connection)
        api.patch(f"/flow_runs/{run_id}", json={"name": "renamed"})
        _enter(api, run_id, "RUNNING")
        assert heard(connection)["event"]["resource"]["prefect.resource.name"] == "renamed"


def test_a_subflow_is_related_to_its_placeholder(
    gateway: Running, api: httpx.Client, flow_id: str, run_id: str
) -> None:
    body = {"flow_run_id": run_id, "task_key": "c", "dynamic_key": "0", "name": "child-0"}
    placeholder = api.post("/task_runs/", json=body).json()["id"]
    child = {"flow_id": flow_id, "parent_task_run_id": placeholder}
    child_id = api.post("/flow_runs/", json=child).json()["id"]
    with socket(gateway, PATH) as connection:
        _subscribe(connection, _filter(child_id))
        related = heard(connection)["event"]["related"]
    assert related[1] == {
        "prefect.resource.id": f"prefect.task-run.{placeholder}",
        "prefect.resource.role": "task-run",
        "prefect.resource.name": "child-0",
    }


def test_events_of_clients_are_passed_on_unchanged(gateway: Running) -> None:
    sent = event("my.event", f"mine.{new_id()}", payload={"a": [1]})
    mine = {"resource": {"id": [sent["resource"]["prefect.resource.id"]]}}
    with socket(gateway, PATH) as out, socket(gateway, "/events/in") as inward:
        _subscribe(out, mine)
        assert is_answered(out)
        say(inward, sent)
        told = heard(out)["event"]
    assert told.pop("received") is not None
    assert told.pop("occurred") == sent.pop("occurred").replace("+00:00", "Z")
    assert told == sent


def test_task_runs_of_engines_are_told(gateway: Running, run_id: str) -> None:
    id = str(new_id())
    any_resource = {"any_resource": {"id": [f"prefect.flow-run.{run_id}"]}}
    with socket(gateway, PATH) as out, socket(gateway, "/events/in") as inward:
        _subscribe(out, any_resource, backfill=False)
        assert is_answered(out)
        say(inward, task_run_event(id, run_id, "RUNNING"))
        assert heard(out)["event"]["resource"]["prefect.resource.id"] == f"prefect.task-run.{id}"


def test_what_engines_tell_another_gateway_is_told_once(
    gateway: Running, run_id: str, tmp_path: Path
) -> None:
    id, other_id = str(new_id()), str(new_id())
    wanted = {
        "any_resource": {"id": [f"prefect.flow-run.{run_id}"]},
        "event": {"prefix": ["prefect.task-run."]},
    }
    with (
        Running(gateway.redis_url, tmp_path, gateway.prefix) as other,
        socket(other, PATH) as there,
        socket(gateway, PATH) as here,
        socket(gateway, "/events/in") as inward,
        socket(other, "/events/in") as inward_there,
    ):
        for out in (here, there):
            _subscribe(
                out,
                {"any_resource": {"id": [f"prefect.flow-run.{run_id}"]}, **wanted},
                backfill=False,
            )
            assert is_answered(out)
        told = task_run_event(id, run_id, "RUNNING", name="load-1")
        say(inward, told)
        event = heard(there)["event"]
        assert (event["id"], event["event"]) == (told["id"], "prefect.task-run.Running")
        assert event["resource"]["prefect.resource.name"] == "load-1"
        assert event["payload"]["validated_state"]["type"] == "RUNNING"
        say(inward_there, task_run_event(other_id, run_id, "COMPLETED"))
        for out, count in ((here, 2), (there, 1)):
            assert _named(out, count)[-1] == "prefect.task-run.Completed"


def test_what_engines_told_is_told_to_those_who_come_later(gateway: Running, run_id: str) -> None:
    id = str(new_id())
    with socket(gateway, "/events/in") as inward:
        assert is_answered(inward)
        say(inward, task_run_event(id, run_id, "COMPLETED"))
        assert inward.ping().wait(ANSWER_S)
    resource = {"resource": {"id": [f"prefect.task-run.{id}"]}}
    with socket(gateway, PATH) as out:
        _subscribe(out, resource)
        assert _named(out, 1) == ["prefect.task-run.Completed"]


def test_a_burst_is_told_whole_to_who_reads_it(gateway: Running, api: httpx.Client) -> None:
    resource = f"mine.{new_id()}"
    sent = [event("my.event", resource) for _ in range(2_500)]
    with socket(gateway, PATH) as out:
        _subscribe(out, {"resource": {"id": [resource]}}, backfill=False)
        assert is_answered(out)
        assert api.post("/events", json=sent).status_code == 204
        assert [heard(out)["event"]["id"] for _ in sent] == [one["id"] for one in sent]


def _hear_all(connection: ClientConnection, count: int) -> None:
    for _ in range(count):
        connection.recv(timeout=ANSWER_S)


def test_who_does_not_read_is_sent_away_and_the_others_hear_everything(
    gateway: Running,
) -> None:
    resource = f"mine.{new_id()}"
    mine, count = {"resource": {"id": [resource]}}, 2_600
    sent = [event("my.event", resource, payload={"a": "x" * 10_000}) for _ in range(count)]
    with (
        socket(gateway, PATH, compression=None) as slow,
        socket(gateway, PATH) as quick,
        socket(gateway, "/events/in") as inward,
    ):
        for subscriber in (slow, quick):
            _subscribe(subscriber, mine, backfill=False)
            assert is_answered(subscriber)
        for start in range(0, count, 100):
            for one in sent[start : start + 100]:
                say(inward, one)
            told = [heard(quick)["event"]["id"] for _ in range(100)]
            assert told == [one["id"] for one in sent[start : start + 100]]
        with pytest.raises(ConnectionClosed) as closed:
            _hear_all(slow, count)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1013
