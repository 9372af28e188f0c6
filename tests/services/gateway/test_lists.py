"""Lists come from the views and show the caller's own writes at once."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from headgate.clock import now


def _of(flow_id: str, **more: Any) -> dict[str, Any]:
    return {"flows": {"id": {"any_": [flow_id]}}, **more}


@pytest.fixture
def three(api: httpx.Client, flow_id: str) -> list[str]:
    """Three runs of one flow, the first of them running."""
    ids = [
        api.post("/flow_runs/", json={"flow_id": flow_id, "name": name}).json()["id"]
        for name in ("a", "b", "c")
    ]
    api.post(f"/flow_runs/{ids[0]}/set_state", json={"state": {"type": "RUNNING"}})
    return ids


@pytest.mark.parametrize("_", range(10))
def test_a_transition_is_in_the_next_list(api: httpx.Client, run_id: str, _: int) -> None:
    api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "RUNNING"}})
    wanted = {"flow_runs": {"id": {"any_": [run_id]}}}
    (run,) = api.post("/flow_runs/filter", json=wanted).json()
    assert run["state_type"] == "RUNNING"


def test_a_run_is_listed_as_it_is_read(api: httpx.Client, flow_id: str, run_id: str) -> None:
    (listed,) = api.post("/flow_runs/filter", json=_of(flow_id)).json()
    read = api.get(f"/flow_runs/{run_id}").json()
    changing = ("estimated_start_time_delta",)
    assert {**listed, **dict.fromkeys(changing)} == {**read, **dict.fromkeys(changing)}


def test_runs_are_filtered_sorted_and_paged(
    api: httpx.Client, flow_id: str, three: list[str]
) -> None:
    running = {"flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}}}
    found = api.post("/flow_runs/filter", json=_of(flow_id, **running)).json()
    assert [run["id"] for run in found] == three[:1]
    page = _of(flow_id, sort="NAME_DESC", limit=1, offset=1)
    assert [run["name"] for run in api.post("/flow_runs/filter", json=page).json()] == ["b"]
    assert api.post("/flow_runs/count", json=_of(flow_id)).json() == 3


def test_pages_have_numbers(api: httpx.Client, flow_id: str, three: list[str]) -> None:
    page = api.post(
        "/flow_runs/paginate", json=_of(flow_id, sort="NAME_ASC", limit=2, page=2)
    ).json()
    assert [run["id"] for run in page.pop("results")] == three[2:]
    assert page == {"count": 3, "limit": 2, "pages": 2, "page": 2}


def test_a_page_of_nothing_has_no_pages(api: httpx.Client, unknown: str) -> None:
    page = api.post("/flow_runs/paginate", json=_of(unknown)).json()
    assert page == {"results": [], "count": 0, "limit": 200, "pages": 0, "page": 1}


@pytest.mark.usefixtures("three")
def test_history_counts_runs_by_their_state(api: httpx.Client, flow_id: str) -> None:
    at = now()
    span = {
        "history_start": (at - timedelta(hours=1)).isoformat(),
        "history_end": (at + timedelta(hours=1)).isoformat(),
        "history_interval_seconds": 7200,
    }
    (bucket,) = api.post("/flow_runs/history", json=_of(flow_id, **span)).json()
    counted = {state["state_name"]: state["count_runs"] for state in bucket["states"]}
    assert counted == {"Pending": 2, "Running": 1}


@pytest.mark.usefixtures("three")
def test_lateness_is_an_average(api: httpx.Client, flow_id: str, unknown: str) -> None:
    assert 0 < api.post("/flow_runs/lateness", json=_of(flow_id)).json() < 20
    assert api.post("/flow_runs/lateness", json=_of(unknown)).json() is None


def test_states_are_listed_oldest_first_and_read_one_by_one(
    api: httpx.Client, run_id: str, unknown: str
) -> None:
    api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "RUNNING"}})
    states = api.get("/flow_run_states/", params={"flow_run_id": run_id}).json()
    assert [state["type"] for state in states] == ["PENDING", "RUNNING"]
    assert api.get(f"/flow_run_states/{states[0]['id']}").json() == states[0]
    missing = api.get(f"/flow_run_states/{unknown}")
    assert (missing.status_code, missing.json()) == (404, {"detail": "Flow run state not found"})
    assert api.get("/flow_run_states/", params={"flow_run_id": unknown}).json() == []
