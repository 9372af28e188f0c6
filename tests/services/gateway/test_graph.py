"""The graph of a flow run shows its task runs and subflows, and what they were given."""

from typing import Any

import httpx
import pytest


@pytest.fixture
def made(api: httpx.Client, flow_id: str) -> dict[str, str]:
    """A flow run with a task run, one that took its result, and a subflow."""
    run = api.post("/flow_runs/", json={"flow_id": flow_id, "state": {"type": "RUNNING"}}).json()

    def task(key: str, state: str, **fields: Any) -> str:
        body = {"flow_run_id": run["id"], "task_key": key, "dynamic_key": "0", "name": key}
        return api.post("/task_runs/", json={**body, "state": {"type": state}, **fields}).json()[
            "id"
        ]

    load = task("load", "RUNNING")
    given = {"x": [{"input_type": "task_run", "id": load}, {"input_type": "constant", "type": "i"}]}
    save = task("save", "COMPLETED", task_inputs=given)
    waits = task("waits", "PENDING")
    child = {"flow_id": flow_id, "name": "child", "parent_task_run_id": waits}
    inner = api.post("/flow_runs/", json={**child, "state": {"type": "RUNNING"}}).json()
    for fields in (
        {"type": "progress", "data": 0.5, "task_run_id": load},
        {"type": "table", "data": "x"},
    ):
        api.post("/artifacts/", json={**fields, "flow_run_id": run["id"]})
    return {"run": run["id"], "load": load, "save": save, "child": inner["id"]}


def graph(api: httpx.Client, made: dict[str, str], **query: str) -> dict[str, Any]:
    answer = api.get(f"/flow_runs/{made['run']}/graph-v2", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_graph_has_a_node_for_whatever_has_started(
    api: httpx.Client, made: dict[str, str]
) -> None:
    found = graph(api, made)
    nodes = dict(found["nodes"])

    assert list(nodes) == [made["load"], made["save"], made["child"]]
    assert found["root_node_ids"] == [made["load"], made["child"]]
    load, save, child = nodes.values()
    assert load["children"] == [{"id": made["save"]}]
    assert save["parents"] == [{"id": made["load"]}]
    assert (save["kind"], save["label"], save["state_type"]) == ("task-run", "save", "COMPLETED")
    assert child["kind"] == "flow-run"
    assert child["label"].endswith(" / child")
    (progress,) = load["artifacts"]
    assert (progress["data"], progress["is_latest"]) == (0.5, True)
    (table,) = found["artifacts"]
    assert (table["type"], table["data"]) == ("table", None)
    assert [state["name"] for state in found["states"]] == ["Running"]
    assert found["end_time"] is None


def test_the_older_graph_lists_task_runs_and_what_they_depend_on(
    api: httpx.Client, made: dict[str, str]
) -> None:
    listed = api.get(f"/flow_runs/{made['run']}/graph").json()
    upstream = {each["name"]: each["upstream_dependencies"] for each in listed}

    assert upstream["save"] == [{"input_type": "task_run", "id": made["load"]}]
    assert upstream["load"] == []
    assert len(listed) == 3


def test_a_graph_may_leave_out_what_ended_long_ago(api: httpx.Client, made: dict[str, str]) -> None:
    found = graph(api, made, since="2100-01-01T00:00:00Z")

    assert [id for id, _ in found["nodes"]] == [made["load"], made["child"]]
    refused = api.get(f"/flow_runs/{made['run']}/graph-v2", params={"since": "then"})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["query", "since"]


def test_a_run_that_is_not_there_has_no_graph_and_no_log(api: httpx.Client, unknown: str) -> None:
    for path in ("graph", "graph-v2", "logs/download"):
        assert api.get(f"/flow_runs/{unknown}/{path}").status_code == 404


def test_a_log_is_had_as_a_file(api: httpx.Client, run_id: str) -> None:
    at = "2026-11-20T12:00:00Z"
    line = {"name": "a", "level": 20, "timestamp": at, "flow_run_id": run_id}
    lines = [{**line, "message": f'say "{n}"\nthen'} for n in range(201)]
    api.post("/logs/", json=lines)
    answer = api.get(f"/flow_runs/{run_id}/logs/download")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "flow-run-logs.csv" in answer.headers["content-disposition"]
    head, *_ = answer.text.split("\r\n")
    assert head == "timestamp,level,flow_run_id,task_run_id,message"
    assert f'{run_id},,"say ""200""\nthen"' in answer.text
    assert answer.text.count(run_id) == 201
