"""What becomes due happens over the API as it does in the log, as soon as everything runs."""

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from events.streams import Streams
from headgate.clock import now
from tests.support.gateway import Running

AT_ONCE = {
    "services_late_runs_after_seconds": 0.05,
    "services_cancellation_cleanup_cancelling_timeout_seconds": 0.05,
    "services_foreman_inactivity_heartbeat_multiple": 1,
    "services_foreman_fallback_heartbeat_interval_seconds": 0.05,
}


@pytest.fixture
def api(redis_url: str, streams: Streams, tmp_path: Path) -> Iterator[httpx.Client]:
    """Everything, with short spans."""
    with (
        Running(redis_url, tmp_path, streams.prefix, **AT_ONCE) as running,
        running.client() as client,
    ):
        yield client


def run_in(api: httpx.Client, state: dict[str, Any]) -> str:
    """A flow run whose first state is *state*."""
    flow = api.post("/flows/", json={"name": "etl"}).json()["id"]
    answer = api.post("/flow_runs/", json={"flow_id": flow, "state": state})
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def becomes(api: httpx.Client, run: str, name: str) -> dict[str, Any]:
    """The flow run once its state has this *name*."""
    deadline = time.monotonic() + 5
    while (found := api.get(f"/flow_runs/{run}").json())["state"]["name"] != name:
        assert time.monotonic() < deadline, found["state"]
        time.sleep(0.01)
    return found


def test_a_run_that_nobody_begins_becomes_late(api: httpx.Client) -> None:
    time_ = (now() + timedelta(seconds=0.1)).isoformat()
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": time_}}
    run = becomes(api, run_in(api, state), "Late")
    assert run["state"]["state_details"]["scheduled_time"] == run["expected_start_time"]
    assert run["next_scheduled_start_time"] == run["expected_start_time"]


def test_a_pause_that_nobody_ends_fails_the_run(api: httpx.Client) -> None:
    run = run_in(api, {"type": "RUNNING"})
    details = {"pause_timeout": (now() + timedelta(seconds=0.1)).isoformat(), "pause_key": "k"}
    paused = {"state": {"type": "PAUSED", "state_details": details}}
    assert api.post(f"/flow_runs/{run}/set_state", json=paused).json()["status"] == "ACCEPT"
    failed = becomes(api, run, "Failed")
    assert failed["state"]["message"] == "The flow was paused and never resumed."


def test_what_is_being_cancelled_ends_as_cancelled(api: httpx.Client) -> None:
    run = run_in(api, {"type": "RUNNING"})
    asked = api.post(f"/flow_runs/{run}/set_state", json={"state": {"type": "CANCELLING"}})
    assert asked.json()["status"] == "ACCEPT"
    cancelled = becomes(api, run, "Cancelled")
    assert "cancellation timed out" in cancelled["state"]["message"]


def test_a_worker_that_says_nothing_more_is_offline(api: httpx.Client) -> None:
    assert api.post("/work_pools/", json={"name": "silent", "type": "process"}).status_code == 201
    alive = {"name": "w"}
    assert api.post("/work_pools/silent/workers/heartbeat", json=alive).status_code == 204
    offline = {"workers": {"status": {"any_": ["OFFLINE"]}}}
    deadline = time.monotonic() + 5
    while not (found := api.post("/work_pools/silent/workers/filter", json=offline).json()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert [(worker["name"], worker["status"]) for worker in found] == [("w", "OFFLINE")]
    while api.get("/work_pools/silent").json()["status"] != "NOT_READY":
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_schedule_has_runs_as_soon_as_it_is_deployed(api: httpx.Client) -> None:
    flow = api.post("/flows/", json={"name": "etl"}).json()["id"]
    hourly = {"schedule": {"cron": "0 * * * *", "timezone": "Europe/Berlin"}, "slug": "hourly"}
    deployment = {"name": "d", "flow_id": flow, "schedules": [hourly], "tags": ["x"]}
    answer = api.post("/deployments/", json=deployment)
    assert answer.status_code == 201, answer.text
    asked = {"flow_runs": {"deployment_id": {"any_": [answer.json()["id"]]}}}
    runs: list[dict[str, Any]] = []
    deadline = time.monotonic() + 5
    while len(runs) < 3:
        assert time.monotonic() < deadline, runs
        runs = api.post("/flow_runs/filter", json=asked).json()
    assert {run["state"]["message"] for run in runs} == {"Flow run scheduled"}
    assert all(run["tags"] == ["auto-scheduled", "x"] for run in runs)
    assert {run["created_by"]["display_value"] for run in runs} == {"hourly"}
    paused = api.patch(f"/deployments/{answer.json()['id']}", json={"paused": True})
    assert paused.status_code == 204
    while api.post("/flow_runs/count", json=asked).json():
        assert time.monotonic() < deadline
