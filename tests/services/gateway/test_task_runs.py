"""Task runs are created or found by their natural keys, wherever their flow run lives."""

from typing import Any

import httpx
import pytest


def _create(api: httpx.Client, run_id: str | None, key: str, **more: Any) -> httpx.Response:
    body = {"flow_run_id": run_id, "task_key": key, "dynamic_key": "0", **more}
    return api.post("/task_runs/", json=body)


def test_a_task_run_is_created_once(api: httpx.Client, run_id: str) -> None:
    first = _create(api, run_id, "child", name="child-0", labels={"mine": 1})
    again = _create(api, run_id, "child", name="other")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["name"] == "child-0"
    labels = first.json()["labels"]
    assert (labels["prefect.flow-run.id"], labels["mine"]) == (run_id, 1)
    assert labels["team"] == "a"


def test_a_task_run_is_read_by_its_id_alone(api: httpx.Client, run_id: str) -> None:
    made = _create(api, run_id, "a", state={"type": "PENDING"}).json()
    read = api.get(f"/task_runs/{made['id']}").json()
    assert read["flow_run_id"] == run_id
    assert (read["state_type"], read["run_count"], read["flow_run_run_count"]) == ("PENDING", 0, 0)
    assert read["state"]["state_details"]["task_run_id"] == made["id"]


def test_a_clients_own_id_is_kept(api: httpx.Client, run_id: str) -> None:
    id = f"01a1f0aa-0000-7000-8000-{run_id[-12:]}"
    assert _create(api, run_id, "own", id=id).json()["id"] == id
    assert api.get(f"/task_runs/{id}").status_code == 200


def test_a_task_run_needs_no_flow_run(api: httpx.Client, run_id: str) -> None:
    made = _create(api, None, f"background-{run_id}")
    assert (made.status_code, made.json()["flow_run_id"]) == (201, None)
    assert api.get(f"/task_runs/{made.json()['id']}").json()["id"] == made.json()["id"]


def test_a_task_run_keeps_how_it_is_retried(api: httpx.Client, run_id: str) -> None:
    policy = {"retries": 2, "retry_delay": [1, 2.5], "retry_jitter_factor": 0.5}
    made = _create(api, run_id, "new", empirical_policy=policy).json()
    assert made["empirical_policy"].items() >= policy.items()
    older = {"max_retries": 2, "retry_delay_seconds": 2.5}
    made = _create(api, run_id, "old", empirical_policy=older).json()
    assert made["empirical_policy"].items() >= {"retries": 2, "retry_delay": 2.5}.items()
    refused = _create(api, run_id, "bad", empirical_policy={"retry_jitter_factor": -0.5})
    (problem,) = refused.json()["exception_detail"]
    assert refused.status_code == 422
    assert problem["loc"] == ["body", "empirical_policy", "retry_jitter_factor"]


def test_a_task_run_knows_what_it_was_given(api: httpx.Client, run_id: str, unknown: str) -> None:
    given = {
        "x": [{"input_type": "task_run", "id": unknown}, {"input_type": "flow_run", "id": unknown}],
        "y": [{"input_type": "parameter", "name": "n"}, {"input_type": "constant", "type": "int"}],
        "z": [],
    }
    made = _create(api, run_id, "given", task_inputs=given).json()
    assert made["task_inputs"] == given
    assert api.get(f"/task_runs/{made['id']}").json()["task_inputs"] == given


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"input_type": "task_run", "id": "x"}, "id"),
        ({"input_type": "task_run"}, "id"),
        ({"input_type": "parameter", "name": 1}, "name"),
        ({"input_type": "constant"}, "type"),
        ({"input_type": "guess"}, "input_type"),
    ],
)
def test_what_is_wrong_with_an_input_is_named(
    api: httpx.Client, run_id: str, given: dict[str, Any], field: str
) -> None:
    refused = _create(api, run_id, "given", task_inputs={"x": [given]})

    assert refused.status_code == 422
    (problem,) = refused.json()["exception_detail"]
    assert problem["loc"][:2] == ["body", "task_inputs"]
    assert problem["loc"][-2:] == [0, field]


def test_an_unknown_flow_run_conflicts(api: httpx.Client, unknown: str) -> None:
    assert _create(api, unknown, "a").status_code == 409


def test_a_task_run_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    answer = api.get(f"/task_runs/{unknown}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Task not found"})


def test_task_runs_are_listed_counted_and_their_states_read(
    api: httpx.Client, run_id: str, unknown: str
) -> None:
    made = [_create(api, run_id, key).json()["id"] for key in ("a", "b")]
    wanted = {"task_runs": {"flow_run_id": {"any_": [run_id]}}}
    found = api.post("/task_runs/filter", json=wanted).json()
    assert sorted(run["id"] for run in found) == sorted(made)
    assert api.post("/task_runs/count", json=wanted).json() == 2
    (state,) = api.get("/task_run_states/", params={"task_run_id": made[0]}).json()
    assert state["type"] == "PENDING"
    assert api.get(f"/task_run_states/{state['id']}").json() == state
    assert api.get(f"/task_run_states/{unknown}").status_code == 404


def test_task_runs_have_numbered_pages(api: httpx.Client, run_id: str) -> None:
    for key in "abc":
        _create(api, run_id, key, name=key)
    wanted = {"task_runs": {"flow_run_id": {"any_": [run_id]}}, "sort": "NAME_ASC", "limit": 2}
    page = api.post("/task_runs/paginate", json={**wanted, "page": 2}).json()
    assert [run["name"] for run in page.pop("results")] == ["c"]
    assert page == {"count": 3, "limit": 2, "pages": 2, "page": 2}
    too_large = api.post("/task_runs/paginate", json={"limit": 201})
    said = {"detail": "Invalid limit: must be less than or equal to 200."}
    assert (too_large.status_code, too_large.json()) == (422, said)
    assert api.post("/task_runs/paginate", json={"page": 0}).status_code == 422


def test_the_history_of_task_runs_is_counted(api: httpx.Client, run_id: str) -> None:
    for key in "ab":
        _create(api, run_id, key)
    body = {
        "history_start": "2026-01-01T00:00:00Z",
        "history_end": "2125-01-01T00:00:00Z",
        "history_interval_seconds": 100 * 365 * 86_400,
        "task_runs": {"flow_run_id": {"any_": [run_id]}},
    }
    (bucket,) = api.post("/task_runs/history", json=body).json()
    (state,) = bucket["states"]
    assert (state["state_type"], state["count_runs"]) == ("PENDING", 2)
    short = api.post("/task_runs/history", json={**body, "history_interval_seconds": 0.5})
    assert (short.status_code, short.json()) == (
        422,
        {"detail": "History interval must not be less than 1 second."},
    )
