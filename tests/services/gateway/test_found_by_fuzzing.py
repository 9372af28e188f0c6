"""What fuzzing has found: each was an error of ours, and is an answer or a 422 now."""

from typing import Any

import httpx
import pytest

SPAN = {"history_start": "6991-03-15T04:06:20Z", "history_end": "9999-12-31T23:59:59Z"}


@pytest.mark.parametrize("offset", [2**53 + 1, 2**63, 877992078629536540917760])
@pytest.mark.parametrize(
    "path", ["/artifacts/filter", "/flow_runs/filter", "/logs/filter", "/variables/count"]
)
def test_an_offset_that_no_database_counts_to_is_refused(
    api: httpx.Client, path: str, offset: int
) -> None:
    answer = api.post(path, json={"offset": offset})
    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["body", "offset"]


def test_a_page_that_nobody_turns_to_is_refused(api: httpx.Client) -> None:
    assert api.post("/flow_runs/paginate", json={"page": 10**20}).status_code == 422
    assert api.post("/flow_runs/paginate", json={"page": 2**31 - 1}).json()["results"] == []


@pytest.mark.parametrize("criterion", [{"ge_": 10**30}, {"le_": -(10**30)}])
def test_a_number_that_no_column_holds_is_refused(
    api: httpx.Client, criterion: dict[str, Any]
) -> None:
    assert api.post("/logs/filter", json={"logs": {"level": criterion}}).status_code == 422


@pytest.mark.parametrize("kind", ["flow_runs", "task_runs"])
def test_a_history_of_more_than_there_are_years_is_refused_or_cut(
    api: httpx.Client, kind: str
) -> None:
    endless = api.post(f"/{kind}/history", json={**SPAN, "history_interval_seconds": 5.2e183})
    assert endless.status_code == 422
    hundred = {**SPAN, "history_interval_seconds": 3_155_760_000}
    buckets = api.post(f"/{kind}/history", json=hundred).json()
    assert 25 < len(buckets) < 31


@pytest.mark.parametrize("timestamp", ["0492-06-27T19:26:46-08:40", "9999-12-31T23:59:59Z"])
def test_a_line_of_no_time_is_refused(api: httpx.Client, timestamp: str) -> None:
    line = {"name": "n", "level": 20, "message": "m", "timestamp": "2026-11-20T10:00:00Z"}
    answer = api.post("/logs/", json=[line, {**line, "timestamp": timestamp}])
    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["body", 1, "timestamp"]


def test_a_line_of_no_level_is_refused(api: httpx.Client) -> None:
    line = {"name": "n", "level": 10**30, "message": "m", "timestamp": "2026-11-20T10:00:00Z"}
    assert api.post("/logs/", json=[line]).status_code == 422


def test_a_worker_is_not_silent_for_longer_than_a_year(api: httpx.Client) -> None:
    api.post("/work_pools/", json={"name": "silent", "type": "process"})
    path = "/work_pools/silent/workers/heartbeat"
    wrong = {"name": "w", "heartbeat_interval_seconds": 10**15}
    assert api.post(path, json=wrong).status_code == 422
    assert api.post(path, json={"name": "w", "heartbeat_interval_seconds": 60}).status_code == 204


@pytest.mark.parametrize("name", ["", "x" * 1_001])
def test_a_name_that_no_limit_can_have_is_refused(api: httpx.Client, name: str) -> None:
    run = "11111111-2222-4333-8444-555555555555"
    for path in ("increment", "decrement"):
        newer = api.post(f"/v2/concurrency_limits/{path}", json={"names": [name], "slots": 1})
        assert newer.status_code == 422
        older = api.post(f"/concurrency_limits/{path}", json={"names": [name], "task_run_id": run})
        assert older.status_code == (422 if name else 200)


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/variables/%0A", "/flows/count%0A"])
def test_a_path_ends_where_it_ends(api: httpx.Client, method: str, path: str) -> None:
    assert api.request(method, path).status_code in (404, 422)
