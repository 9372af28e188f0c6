"""Instants that UTC cannot say are told and read like any other, and stop nothing."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from headgate.clock import new_id
from tests.support.gateway import Running
from tests.support.servers import RedisServer
from tests.support.waiting import comes_true

FAR = {
    "9999-12-31T23:00:00-05:00": "9999-12-31T23:59:59.999999Z",
    "0001-01-01T01:00:00+05:00": "0001-01-01T00:00:00Z",
}
"""Instants as clients say them, each with the one that it is read as."""

PATIENCE_S = 10.0

pytestmark = pytest.mark.parametrize("far", FAR)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway of their own: what is told of them would be the last of all."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    with Running(server.url, tmp_path_factory.mktemp("far"), "far") as running:
        yield running
    server.kill()


def _state(type: str, **details: Any) -> dict[str, Any]:
    return {"type": type, "state_details": details}


def _run(api: httpx.Client, flow_id: str, **more: Any) -> str:
    answer = api.post("/flow_runs/", json={"flow_id": flow_id, **more})
    assert answer.status_code == 201
    return answer.json()["id"]


def _found(api: httpx.Client, kind: str, flow_id: str, **more: Any) -> list[dict[str, Any]]:
    answer = api.post(f"/{kind}/filter", json={"flows": {"id": {"any_": [flow_id]}}, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _entered(api: httpx.Client, run_id: str, state: dict[str, Any]) -> None:
    answer = api.post(f"/flow_runs/{run_id}/set_state", json={"state": state, "force": True})
    assert answer.json()["status"] == "ACCEPT"


def test_flow_runs_that_are_due_then_are_listed(api: httpx.Client, flow_id: str, far: str) -> None:
    run = _run(api, flow_id, state=_state("SCHEDULED", scheduled_time=far))
    other = _run(api, flow_id)
    for sort in ("EXPECTED_START_TIME_ASC", "NEXT_SCHEDULED_START_TIME_ASC", "START_TIME_DESC"):
        found = {each["id"]: each for each in _found(api, "flow_runs", flow_id, sort=sort)}
        assert set(found) == {run, other}
        assert found[run]["expected_start_time"] == FAR[far]
    said = api.get(f"/flow_runs/{run}").json()["expected_start_time"]
    assert datetime.fromisoformat(said) == datetime.fromisoformat(far)


def test_timers_that_are_due_then_stop_no_other(api: httpx.Client, flow_id: str, far: str) -> None:
    run = _run(api, flow_id, state=_state("SCHEDULED", scheduled_time=far))
    paused = _run(api, flow_id)
    _entered(api, paused, _state("PAUSED", pause_timeout=far))
    after = _run(api, flow_id, state=_state("SCHEDULED", scheduled_time="2020-01-01T00:00:00Z"))

    def becomes(id: str, name: str) -> bool:
        return comes_true(
            lambda: api.get(f"/flow_runs/{id}").json()["state_name"] == name, PATIENCE_S
        )

    assert becomes(after, "Late")
    if far.startswith("0001"):
        assert becomes(run, "Late")
        assert becomes(paused, "Failed")
    assert len(_found(api, "flow_runs", flow_id)) == 3


def test_states_of_task_runs_are_told_of_then(
    api: httpx.Client, flow_id: str, run_id: str, far: str
) -> None:
    made = api.post(
        "/task_runs/",
        json={
            "flow_run_id": run_id,
            "task_key": "a",
            "dynamic_key": "0",
            "cache_expiration": far,
            "state": _state("SCHEDULED", scheduled_time=far),
        },
    )
    assert made.status_code == 201
    told = str(new_id())
    task_run = dict.fromkeys(
        ("expected_start_time", "start_time", "end_time", "next_scheduled_start_time"), far
    )
    event = {
        "id": str(new_id()),
        "occurred": far,
        "event": "prefect.task-run.Running",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{told}",
            "prefect.orchestration": "client",
        },
        "related": [
            {
                "prefect.resource.role": "flow-run",
                "prefect.resource.id": f"prefect.flow-run.{run_id}",
            }
        ],
        "payload": {
            "validated_state": _state("RUNNING", scheduled_time=far) | {"name": "Running"},
            "task_run": {"task_key": "b", "dynamic_key": "1", **task_run},
        },
    }
    assert api.post("/events", json=[event]).status_code == 204
    assert comes_true(lambda: len(_found(api, "task_runs", flow_id)) == 2, PATIENCE_S)
    (found,) = (each for each in _found(api, "task_runs", flow_id) if each["id"] == told)
    assert {found[field] for field in task_run} == {FAR[far]}
    assert api.get(f"/task_runs/{told}").status_code == 200
    states = api.get("/task_run_states/", params={"task_run_id": told})
    assert [state["timestamp"] for state in states.json()] == [far]
    assert api.get(f"/flow_runs/{run_id}/graph-v2").status_code == 200


def test_events_occur_then_and_lines_do_not(api: httpx.Client, run_id: str, far: str) -> None:
    line = {"name": "n", "level": 20, "message": "far", "timestamp": far, "flow_run_id": run_id}
    assert api.post("/logs/", json=[line]).status_code == 422
    event = {
        "id": str(new_id()),
        "occurred": far,
        "event": f"far.{run_id}",
        "resource": {"prefect.resource.id": f"far.{run_id}"},
    }
    assert api.post("/events", json=[event]).status_code == 204
    span = {"since": "0001-01-01T00:00:00+14:00", "until": "9999-12-31T23:59:59-14:00"}
    wanted = {"filter": {"occurred": span, "event": {"name": [event["event"]]}}}

    def is_found() -> bool:
        answer = api.post("/events/filter", json=wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()["total"] == 1

    assert comes_true(is_found, PATIENCE_S)
    answer = api.post("/events/count-by/resource", json=wanted)
    assert answer.status_code == 200
    assert [each["count"] for each in answer.json()] == [1]


@pytest.mark.parametrize("other", ["2026-11-20T11:00:00Z", *FAR])
def test_spans_may_begin_and_end_then(
    api: httpx.Client, flow_id: str, far: str, other: str
) -> None:
    _run(api, flow_id, state=_state("SCHEDULED", scheduled_time=far))
    of_flow = {"flows": {"id": {"any_": [flow_id]}}}
    for kind in ("flow_runs", "task_runs"):
        for interval in (1, 86_400, 3e9):
            for start, end in ((far, other), (other, far)):
                span = {"history_start": start, "history_end": end}
                asked = {**span, "history_interval_seconds": interval}
                for where in ({}, of_flow):
                    answer = api.post(f"/{kind}/history", json={**asked, **where})
                    assert answer.status_code == 200, answer.text
    between = {"before_": far, "after_": other}
    times = ("start_time", "expected_start_time", "next_scheduled_start_time")
    runs = dict.fromkeys(times, between)
    for start, end in ((far, other), (other, far)):
        occurred = {"filter": {"occurred": {"since": start, "until": end}}}
        for path in ("/events/filter", "/events/count-by/resource", "/events/count-by/time"):
            body = {**occurred, "time_unit": "week", "time_interval": 5e5}
            answer = api.post(path, json=occurred if path == "/events/filter" else body)
            assert answer.status_code == 200, answer.text
    for path, body in (
        ("/flow_runs/filter", {"flow_runs": runs}),
        ("/flow_runs/count", {"flow_runs": runs}),
        ("/task_runs/filter", {"task_runs": {"expected_start_time": between}}),
        ("/logs/filter", {"logs": {"timestamp": between}}),
    ):
        answer = api.post(path, json=body)
        assert answer.status_code == 200, answer.text
