"""Bad input gets a 4xx that names the field, and changes nothing."""

from typing import Any

import httpx
import pytest

STATE: dict[str, Any] = {"type": "RUNNING"}
LINE = {"name": "n", "level": 20, "message": "m", "timestamp": "2026-11-20T10:00:00Z"}
LATER = {"history_start": "2026-11-20T10:00:00Z", "history_end": "2026-11-20T11:00:00Z"}

INVALID: list[tuple[str, object, list[str | int], str]] = [
    ("/flows/", {"name": None}, ["name"], "string_type"),
    ("/flows/", {}, ["name"], "missing"),
    ("/flows/", [1], [], "dict_type"),
    ("/flows/", {"name": "a", "zzz": 1}, ["zzz"], "extra_forbidden"),
    ("/flows/", {"name": "a", "tags": "x"}, ["tags"], "list_type"),
    ("/flow_runs/", {"name": "x"}, ["flow_id"], "missing"),
    ("/flow_runs/", {"flow_id": "banana"}, ["flow_id"], "uuid_parsing"),
    ("/flow_runs/", {"flow_id": None}, ["flow_id"], "uuid_type"),
    ("/flow_runs/", {"flow_id": "FLOW", "parameters": []}, ["parameters"], "dict_type"),
    ("/flow_runs/", {"flow_id": "FLOW", "tags": None}, ["tags"], "list_type"),
    ("/flow_runs/", {"flow_id": "FLOW", "name": 5}, ["name"], "string_type"),
    ("/flow_runs/", {"flow_id": "FLOW", "id": "x"}, ["id"], "extra_forbidden"),
    ("/flow_runs/", {"flow_id": "FLOW", "state": {"type": "x"}}, ["state", "type"], "enum"),
    ("/flow_runs/RUN/set_state", {"force": False}, ["state"], "missing"),
    ("/flow_runs/RUN/set_state", STATE, ["state"], "missing"),
    ("/flow_runs/RUN/set_state", {"state": {"type": "running"}}, ["state", "type"], "enum"),
    ("/flow_runs/RUN/set_state", {"state": {**STATE, "id": "x"}}, ["state", "id"],
     "extra_forbidden"),
    (
        "/flow_runs/RUN/set_state",
        {"state": {**STATE, "state_details": {"scheduled_time": "soon"}}},
        ["state", "state_details", "scheduled_time"],
        "value_error",
    ),
    ("/task_runs/", {"dynamic_key": "0"}, ["task_key"], "missing"),
    ("/task_runs/", {"task_key": "m", "dynamic_key": 0}, ["dynamic_key"], "string_type"),
    ("/task_runs/", {"task_key": "m", "dynamic_key": "0", "cache_key": "c" * 2001}, ["cache_key"],
     "value_error"),
    (
        "/task_runs/",
        {"task_key": "m", "dynamic_key": "0", "empirical_policy": {"retry_delay": [1] * 51}},
        ["empirical_policy"],
        "value_error",
    ),
    ("/logs/", LINE, [], "list_type"),
    ("/logs/", [{**LINE, "level": "INFO"}], [0, "level"], "int_type"),
    ("/logs/", [LINE, {**LINE, "zzz": 1}], [1, "zzz"], "extra_forbidden"),
    ("/logs/", [{**LINE, "timestamp": "2026-11-20"}], [0, "timestamp"], "value_error"),
    ("/flow_runs/filter", {"flow_runs": {"bogus": 1}}, ["flow_runs", "bogus"], "extra_forbidden"),
    ("/flow_runs/filter", {"flow_runs": {"name": {"bogus": 1}}}, ["flow_runs", "name", "bogus"],
     "extra_forbidden"),
    ("/flow_runs/filter", {"flow_runs": {"id": {"any_": ["x"]}}},
     ["flow_runs", "id", "any_", 0], "uuid_parsing"),
    ("/flow_runs/filter", {"flow_runs": {"tags": {"all_": ["t"] * 201}}},
     ["flow_runs", "tags", "all_"], "value_error"),
    ("/flow_runs/count", {"flows": {"tags": {"any_": ["t"] * 201}}},
     ["flows", "tags", "any_"], "value_error"),
    ("/work_queues/filter", {"work_queues": {"name": {"startswith_": ["t"] * 201}}},
     ["work_queues", "name", "startswith_"], "value_error"),
    ("/block_types/filter", {"block_schemas": {"block_capabilities": {"all_": ["t"] * 201}}},
     ["block_schemas", "block_capabilities", "all_"], "value_error"),
    ("/events/filter", {"filter": {"text": {"query": "a" * 201}}}, ["filter", "text", "query"],
     "value_error"),
    ("/events/filter", {"filter": {"any_resource": [{}] * 201}}, ["filter", "any_resource"],
     "value_error"),
    ("/events/filter", {"filter": {"resource": {"labels": {"k": ["v"] * 201}}}},
     ["filter", "resource", "labels", "..."], "value_error"),
    ("/flow_runs/filter", {"sort": "X"}, ["sort"], "enum"),
    ("/flow_runs/filter", {"offset": -1}, ["offset"], "value_error"),
    ("/flow_runs/filter", {"limit": 2.5}, ["limit"], "int_type"),
    ("/flow_runs/paginate", {"page": 0}, ["page"], "value_error"),
    ("/flow_runs/history", LATER, ["history_interval_seconds"], "missing"),
    ("/flow_runs/history", {**LATER, "history_interval_seconds": "x"},
     ["history_interval_seconds"], "float_type"),
]  # fmt: skip


def _sent(body: object, flow_id: str) -> object:
    if isinstance(body, dict) and "flow_id" in body and body["flow_id"] == "FLOW":
        return {**body, "flow_id": flow_id}  # pyright: ignore[reportUnknownVariableType]
    return body  # pyright: ignore[reportUnknownVariableType]


@pytest.mark.parametrize(("path", "body", "at", "kind"), INVALID)
def test_what_is_wrong_is_named(
    api: httpx.Client,
    flow_id: str,
    run_id: str,
    path: str,
    body: object,
    at: list[str | int],
    kind: str,
) -> None:
    sent = _sent(body, flow_id)
    answer = api.post(path.replace("RUN", run_id), json=sent)
    refused = answer.json()
    assert answer.status_code == 422
    assert refused["exception_message"] == "Invalid request received."
    assert refused["request_body"] == sent
    (problem,) = refused["exception_detail"]
    assert (problem["loc"], problem["type"]) == (["body", *at], kind)
    assert api.get(f"/flow_runs/{run_id}").json()["state_type"] == "PENDING"


@pytest.mark.parametrize("path", ["/flows/", "/flow_runs/", "/logs/", "/flow_runs/RUN/set_state"])
@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"", 422, "missing"),
        (b"null", 422, "missing"),
        (b"{nope", 422, "json_invalid"),
        (b'{"name": "\xff\xfe"}', 400, None),
        (b'["' + b"[" * 5_000, 422, "json_invalid"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    api: httpx.Client, run_id: str, path: str, content: bytes, status: int, kind: str | None
) -> None:
    answer = api.post(path.replace("RUN", run_id), content=content)
    assert answer.status_code == status
    if kind is None:
        assert answer.json() == {"detail": "There was an error parsing the body"}
    else:
        assert answer.json()["exception_detail"][0]["type"] == kind


@pytest.mark.parametrize("tags", ["flows", "flow_runs", "task_runs"])
def test_as_many_conditions_as_there_may_be_are_looked_for(api: httpx.Client, tags: str) -> None:
    most = [f"t{each}" for each in range(200)]
    wanted = {tags: {"tags": {"all_": most, "any_": most}}}
    assert api.post("/flow_runs/filter", json=wanted).json() == []


def test_json_needs_no_content_type(api: httpx.Client) -> None:
    assert api.post("/flows/", content=b'{"name":"untyped"}').status_code in (200, 201)


@pytest.mark.parametrize("path", ["/flow_runs/filter", "/flows/filter", "/task_runs/filter",
                                  "/logs/filter", "/flow_runs/paginate"])  # fmt: skip
@pytest.mark.parametrize(
    ("limit", "detail"),
    [
        (201, "Invalid limit: must be less than or equal to 200."),
        (-1, "Invalid limit: must be greater than or equal to 0."),
    ],
)
def test_a_limit_out_of_bounds_is_told_in_plain_words(
    api: httpx.Client, path: str, limit: int, detail: str
) -> None:
    answer = api.post(path, json={"limit": limit})
    assert (answer.status_code, answer.json()) == (422, {"detail": detail})


@pytest.mark.parametrize("seconds", [0, 0.5, -1])
def test_a_history_interval_below_a_second_is_told_in_plain_words(
    api: httpx.Client, seconds: float
) -> None:
    answer = api.post("/flow_runs/history", json={**LATER, "history_interval_seconds": seconds})
    assert answer.status_code == 422
    assert answer.json() == {"detail": "History interval must not be less than 1 second."}


def test_parameters_have_a_largest_size(api: httpx.Client, flow_id: str) -> None:
    def create(size: int) -> httpx.Response:
        return api.post("/flow_runs/", json={"flow_id": flow_id, "parameters": {"a": "x" * size}})

    assert create(520_000).status_code == 201
    answer = create(600_000)
    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert problem["loc"] == ["body", "parameters"]
    assert problem["msg"].startswith("Value error, Flow run parameters must be less than 524,288")


def test_parameters_have_a_largest_size_wherever_they_are_given(
    api: httpx.Client, flow_id: str, run_id: str
) -> None:
    small, large = ({"a": "x" * size} for size in (1, 600_000))
    made = api.post("/deployments/", json={"name": "d", "flow_id": flow_id, "parameters": small})
    deployment = f"/deployments/{made.json()['id']}"
    refused = [
        api.post("/deployments/", json={"name": "d", "flow_id": flow_id, "parameters": large}),
        api.patch(deployment, json={"parameters": large}),
        api.post(f"{deployment}/create_flow_run", json={"parameters": large}),
        api.patch(f"/flow_runs/{run_id}", json={"parameters": large}),
    ]
    for answer in refused:
        assert answer.status_code == 422, answer.text
        (problem,) = answer.json()["exception_detail"]
        assert problem["loc"] == ["body", "parameters"]
    many = api.post(f"{deployment}/create_flow_run/bulk", json=[{"parameters": large}])
    assert [one["status"] for one in many.json()["results"]] == ["FAILED"]
    assert api.get(deployment).json()["parameters"] == small
    assert api.get(f"/flow_runs/{run_id}").json()["parameters"] == {}


def test_a_body_has_a_largest_size(api: httpx.Client) -> None:
    answer = api.post("/flows/", content=b'{"name":"' + b"x" * 4_600_000 + b'"}')
    assert answer.status_code == 413
    assert "4500000" in answer.json()["detail"]


def test_a_body_without_a_length_has_a_largest_size(api: httpx.Client) -> None:
    answer = api.post("/flows/", content=(b"x" * 100_000 for _ in range(50)))
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/flow_run_states/", "/task_run_states/"])
def test_a_query_needs_its_id(api: httpx.Client, path: str) -> None:
    name = path.strip("/").removesuffix("_states") + "_id"
    for given, kind in (({}, "missing"), ({name: ""}, "missing"), ({name: "x"}, "uuid_parsing")):
        answer = api.get(path, params=given)
        (problem,) = answer.json()["exception_detail"]
        assert answer.status_code == 422
        assert (problem["loc"], problem["type"]) == (["query", name], kind)
