"""Pages are told counts, next runs and what is wrong with a form, as of the caller's own writes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from headgate.clock import new_id, now
from services import apart
from services.apart.children import Child
from tests.support.gateway import Running

NOBODY = "11111111-2222-4333-8444-555555555555"


def _after(seconds: float) -> str:
    return (now() + timedelta(seconds=seconds)).isoformat()


def _run(api: httpx.Client, flow_id: str, **more: Any) -> Any:
    return api.post("/flow_runs/", json={"flow_id": flow_id, **more}).json()


def _scheduled(seconds: float) -> dict[str, Any]:
    return {"type": "SCHEDULED", "state_details": {"scheduled_time": _after(seconds)}}


def _task(api: httpx.Client, run_id: str | None, *types: str) -> str:
    """The id of a task run that has entered these states."""
    body = {"flow_run_id": run_id, "task_key": "t", "dynamic_key": str(new_id()), "name": "t-0"}
    task = api.post("/task_runs/", json=body | {"state": {"type": types[0]}}).json()["id"]
    for type in types[1:]:
        state = {"state": {"type": type}, "force": True}
        assert api.post(f"/task_runs/{task}/set_state", json=state).is_success
    return task


def test_the_deployments_of_flows_are_counted(api: httpx.Client, flow_id: str) -> None:
    for name in ("one", "two"):
        api.post("/deployments/", json={"name": name, "flow_id": flow_id})
    other = api.post("/flows/", json={"name": f"other-{flow_id}"}).json()["id"]
    asked = {"flow_ids": [flow_id, other, NOBODY]}

    answer = api.post("/ui/flows/count-deployments", json=asked)

    assert answer.json() == {flow_id: 2, other: 0, NOBODY: 0}


def test_the_next_run_of_a_flow_is_the_scheduled_one_that_is_due_first(
    api: httpx.Client, flow_id: str
) -> None:
    _run(api, flow_id, state=_scheduled(7_200))
    first = _run(api, flow_id, state=_scheduled(3_600))
    _run(api, flow_id)

    answer = api.post("/ui/flows/next-runs", json={"flow_ids": [flow_id, NOBODY]})

    assert answer.json() == {
        flow_id: {
            "id": first["id"],
            "flow_id": flow_id,
            "name": first["name"],
            "state_name": "Scheduled",
            "state_type": "SCHEDULED",
            "next_scheduled_start_time": first["next_scheduled_start_time"],
        },
        NOBODY: None,
    }


def test_flow_runs_are_told_in_a_few_words_the_latest_first(
    api: httpx.Client, flow_id: str
) -> None:
    later, late = (_run(api, flow_id, state=_scheduled(each)) for each in (3_600, -3_600))
    running = _run(api, flow_id, state={"type": "RUNNING"})
    asked = {"flows": {"id": {"any_": [flow_id]}}}

    found = api.post("/ui/flow_runs/history", json=asked).json()

    assert [each["id"] for each in found] == [later["id"], running["id"], late["id"]]
    assert found[0] == {
        "id": later["id"],
        "state_type": "SCHEDULED",
        "timestamp": later["expected_start_time"],
        "duration": 0.0,
        "lateness": 0.0,
    }
    assert (found[1]["timestamp"], found[1]["lateness"]) == (running["start_time"], 0.0)
    assert found[1]["duration"] >= 0
    assert found[2]["lateness"] >= 3_600
    page = api.post("/ui/flow_runs/history", json=asked | {"limit": 1, "offset": 1}).json()
    assert [each["id"] for each in page] == [running["id"]]
    assert api.post("/ui/flow_runs/history", json={"limit": 1_000}).status_code == 200
    assert api.post("/ui/flow_runs/history").status_code == 200


def test_the_task_runs_of_flow_runs_are_counted(api: httpx.Client, run_id: str) -> None:
    for _ in range(2):
        _task(api, run_id, "PENDING")

    answer = api.post("/ui/flow_runs/count-task-runs", json={"flow_run_ids": [run_id, NOBODY]})

    assert answer.json() == {run_id: 2, NOBODY: 0}


def test_task_runs_are_counted_by_how_they_ended_and_when_they_started(
    api: httpx.Client, run_id: str
) -> None:
    start = now()
    for types in (("RUNNING", "COMPLETED"), ("RUNNING", "FAILED"), ("RUNNING", "CRASHED")):
        _task(api, run_id, *types)
    _task(api, run_id, "RUNNING")
    of_run = {"flow_runs": {"id": {"any_": [run_id]}}}

    def counts(after: float, before: float | None) -> Any:
        span = {"after_": (start + timedelta(seconds=after)).isoformat()}
        if before is not None:
            span["before_"] = (start + timedelta(seconds=before)).isoformat()
        asked = {"task_runs": {"start_time": span}, **of_run}
        return api.post("/ui/task_runs/dashboard/counts", json=asked).json()

    none, some = {"completed": 0, "failed": 0}, {"completed": 1, "failed": 2}
    assert counts(-10_000, 10_000) == [none] * 10 + [some] + [none] * 9
    assert counts(-10_000, None) == [none] * 19 + [some]
    assert counts(10_000, -10_000) == [none] * 20
    assert counts(-10_000, -5_000) == [none] * 20


def test_task_runs_are_counted_by_the_type_of_their_state(api: httpx.Client, run_id: str) -> None:
    for type in ("RUNNING", "RUNNING", "COMPLETED"):
        _task(api, run_id, type)
    of_run = {"flow_runs": {"id": {"any_": [run_id]}}}

    found = api.post("/ui/task_runs/count", json=of_run).json()

    assert {type: count for type, count in found.items() if count} == {"RUNNING": 2, "COMPLETED": 1}
    assert len(found) == 9
    assert api.post("/ui/task_runs/count").status_code == 200


def test_a_task_run_is_told_with_the_name_of_its_flow_run(api: httpx.Client, run_id: str) -> None:
    task, alone = _task(api, run_id, "COMPLETED"), _task(api, None, "COMPLETED")

    read = api.get(f"/ui/task_runs/{task}").json()

    assert read.pop("flow_run_name") == api.get(f"/flow_runs/{run_id}").json()["name"]
    assert read == api.get(f"/task_runs/{task}").json()
    assert api.get(f"/ui/task_runs/{alone}").json()["flow_run_name"] is None
    missing = api.get(f"/ui/task_runs/{NOBODY}")
    assert (missing.status_code, missing.json()) == (404, {"detail": "Task not found"})


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "a": {"type": "integer"},
        "b": {"type": "array", "items": {"type": "string"}},
        "c": {"type": "object", "properties": {"d": {"type": "number"}}, "required": ["d"]},
        "e": {"anyOf": [{"type": "integer"}, {"type": "object", "required": ["q"]}]},
    },
    "required": ["a"],
    "additionalProperties": False,
}
FORMS: list[tuple[Any, Any]] = [
    ({"a": 1}, []),
    ({"a": 1, "b": None}, []),
    ({}, [{"property": "a", "errors": ["'a' is a required property"]}]),
    ({"a": "x"}, [{"property": "a", "errors": ["'x' is not of type 'integer'"]}]),
    (
        {"a": 1, "b": ["x", 1, 2]},
        [
            {
                "property": "b",
                "errors": [
                    {"index": 1, "errors": ["1 is not of type 'string'"]},
                    {"index": 2, "errors": ["2 is not of type 'string'"]},
                ],
            }
        ],
    ),
    (
        {"a": 1, "b": "x"},
        [{"property": "b", "errors": ["'x' is not valid under any of the given schemas"]}],
    ),
    (
        {"a": 1, "c": {}},
        [
            {
                "property": "c",
                "errors": [{"property": "d", "errors": ["'d' is a required property"]}],
            }
        ],
    ),
    (
        {"a": 1, "e": {}},
        [{"property": "e", "errors": ["{} is not valid under any of the given schemas"]}],
    ),
    (
        {"a": 1, "z": 1},
        ["Additional properties are not allowed ('z' was unexpected)"],
    ),
    ({"a": {"__prefect_kind": "json", "value": "1"}}, []),
    (
        {"a": {"__prefect_kind": "json", "value": "x"}},
        [{"property": "a", "errors": ["Invalid JSON: Expecting value: line 1 column 1 (char 0)"]}],
    ),
    (
        {"a": {"__prefect_kind": "workspace_variable", "variable_name": "nope"}},
        [{"property": "a", "errors": ["Variable 'nope' not found in workspace."]}],
    ),
    (
        {"a": 1, "b": [{"__prefect_kind": "json", "value": "5"}]},
        [{"property": "b", "errors": [{"index": 0, "errors": ["5 is not of type 'string'"]}]}],
    ),
]


@pytest.mark.parametrize(("values", "errors"), FORMS)
def test_what_is_wrong_with_a_form_is_told_where_it_is(
    api: httpx.Client, values: Any, errors: Any
) -> None:
    answer = api.post("/ui/schemas/validate", json={"schema": SCHEMA, "values": values})

    assert answer.json() == {"errors": errors, "valid": not errors}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "bogus"}, "'bogus' is not valid under any of the given schemas"),
        ({"$ref": "#"}, "Unable to validate schema with circular references."),
        ({"$ref": "#/nowhere"}, "does not exist"),
    ],
)
def test_a_schema_that_is_none_is_refused(
    api: httpx.Client, schema: dict[str, Any], reason: str
) -> None:
    answer = api.post("/ui/schemas/validate", json={"schema": schema, "values": {"a": 1}})

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("Invalid schema: ")
    assert reason in answer.json()["detail"]


WRONG: list[tuple[str, Any, str]] = [
    ("/ui/flows/count-deployments", {}, "flow_ids"),
    ("/ui/flows/count-deployments", {"flow_ids": ["x"]}, "flow_ids"),
    ("/ui/flows/count-deployments", {"flow_ids": [NOBODY] * 201}, "flow_ids"),
    ("/ui/flows/next-runs", {"flow_ids": None}, "flow_ids"),
    ("/ui/flow_runs/history", {"sort": "UP"}, "sort"),
    ("/ui/flow_runs/count-task-runs", {}, "flow_run_ids"),
    ("/ui/schemas/validate", {"values": {}}, "schema"),
    ("/ui/schemas/validate", {"schema": {}, "values": []}, "values"),
    ("/ui/task_runs/dashboard/counts", {}, "task_runs"),
    ("/ui/task_runs/count", {"task_runs": 1}, "task_runs"),
]


@pytest.mark.parametrize(("path", "body", "field"), WRONG)
def test_what_cannot_be_meant_is_refused_by_its_name(
    api: httpx.Client, path: str, body: Any, field: str
) -> None:
    answer = api.post(path, json=body)

    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert problem["loc"][:2] == ["body", field]


def test_a_page_has_a_largest_size_and_a_dashboard_a_beginning(api: httpx.Client) -> None:
    larger = api.post("/ui/flow_runs/history", json={"limit": 1_001})
    assert (larger.status_code, larger.json()["detail"]) == (
        422,
        "Invalid limit: must be less than or equal to 1000.",
    )
    endless = api.post("/ui/task_runs/dashboard/counts", json={"task_runs": {}})
    assert (endless.status_code, endless.json()) == (
        422,
        {"detail": "task_runs.start_time.after_ is required"},
    )


def test_a_form_that_takes_too_long_holds_up_nobody(
    api: httpx.Client, gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apart, "_forms", Child("impatient forms", cpu_s=2))
    pattern = {"properties": {"x": {"type": "string", "pattern": "^(a+)+$"}}}
    body = {"schema": pattern, "values": {"x": "a" * 50 + "!"}}
    with gateway.client() as other, ThreadPoolExecutor() as pool:
        checked = pool.submit(other.post, "/ui/schemas/validate", json=body)
        for _ in range(10):
            assert api.get("/health", timeout=1).json() is True
            assert not checked.done()
    answer = checked.result()
    assert (answer.status_code, answer.json()) == (
        422,
        {"detail": f"Invalid schema: {apart.TOO_MUCH}"},
    )
