"""Runs of a deployment are made on request, handed out, and forgotten when it changes."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from headgate.clock import new_id, now
from tests.support.waiting import comes_true

CRON = {"cron": "0 3 * * *"}
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}}


@pytest.fixture
def deployment(api: httpx.Client, flow_id: str) -> dict[str, Any]:
    """A deployment with parameters, tags and labels."""
    body = {
        "name": "nightly",
        "flow_id": flow_id,
        "tags": ["own"],
        "labels": {"own": 1},
        "version": "v1",
        "parameters": {"x": 1, "y": 2},
        "parameter_openapi_schema": SCHEMA,
    }
    return api.post("/deployments/", json=body).json()


def create(api: httpx.Client, deployment: dict[str, Any], **fields: Any) -> httpx.Response:
    return api.post(f"/deployments/{deployment['id']}/create_flow_run", json=fields)


def planned(api: httpx.Client, deployment: dict[str, Any], hours: float) -> str:
    """The id of a run as a schedule makes it, due some hours from now."""
    due = now() + timedelta(hours=hours)
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": due.isoformat()}}
    return create(api, deployment, state=state).json()["id"]


def waiting(api: httpx.Client, deployment: dict[str, Any], **more: Any) -> list[str]:
    body = {"deployment_ids": [deployment["id"]], **more}
    answer = api.post("/deployments/get_scheduled_flow_runs", json=body)
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()]


def test_a_run_has_what_the_deployment_gives_it(
    api: httpx.Client, deployment: dict[str, Any]
) -> None:
    made = create(api, deployment, parameters={"x": 3}, tags=["asked"], labels={"asked": 2})

    assert made.status_code == 201
    run = made.json()
    assert (run["deployment_id"], run["deployment_version"]) == (deployment["id"], "v1")
    assert (run["flow_id"], run["state_name"]) == (deployment["flow_id"], "Scheduled")
    assert (run["parameters"], run["tags"]) == ({"x": 3, "y": 2}, ["asked", "own"])
    assert run["labels"] == {
        "team": "a", "prefect.flow.id": run["flow_id"], "own": 1,
        "prefect.deployment.id": deployment["id"], "asked": 2,
    }  # fmt: skip


def test_a_key_makes_one_run(api: httpx.Client, deployment: dict[str, Any]) -> None:
    key = str(new_id())
    first, second = (create(api, deployment, idempotency_key=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]


def test_parameters_fit_the_schema_where_it_counts(
    api: httpx.Client, deployment: dict[str, Any]
) -> None:
    wrong = create(api, deployment, parameters={"x": "a"})
    assert wrong.status_code == 409
    assert wrong.json()["detail"].startswith("Error creating flow run: Validation failed for field")
    free = create(api, deployment, parameters={"x": "a"}, enforce_parameter_schema=False)
    assert free.status_code == 201
    unmade = create(api, deployment, parameters={"x": {"__prefect_kind": "json", "value": "{"}})
    assert unmade.status_code == 400
    assert unmade.json()["detail"].startswith("Error hydrating flow run parameters: Invalid JSON")


HALF = json.dumps({"__prefect_kind": "json", "value": json.dumps(chr(0xD800))})


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (HALF, "Invalid JSON: 'utf-8'"),
        ('{"__prefect_kind": "json", "value": "1e400"}', "Invalid JSON: 1e400 is no number"),
        ("[" * 480 + "]" * 480, "It is nested too deep"),
    ],
)
def test_what_no_run_can_hold_is_not_made(
    api: httpx.Client, deployment: dict[str, Any], value: str, why: str
) -> None:
    path = f"/deployments/{deployment['id']}/create_flow_run"
    answer = api.post(path, content=f'{{"parameters": {{"x": {value}}}}}')
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(f"Error hydrating flow run parameters: {why}")


def test_a_deployment_keeps_parameters_that_fit(
    api: httpx.Client, deployment: dict[str, Any]
) -> None:
    answer = api.patch(f"/deployments/{deployment['id']}", json={"parameters": {"x": "a"}})
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("Error updating deployment: Validation failed")
    for schema in (SCHEMA, {"type": "colour"}):
        body = {
            "name": "wrong", "flow_id": deployment["flow_id"], "parameters": {"x": "a"},
            "parameter_openapi_schema": schema, "enforce_parameter_schema": True,
        }  # fmt: skip
        refused = api.post("/deployments/", json=body)
        assert refused.status_code == 422
        assert refused.json()["exception_detail"][0]["loc"] == ["body"]


def test_a_schema_that_goes_round_in_circles_is_refused_where_it_counts(
    api: httpx.Client, flow_id: str
) -> None:
    round_about = {"$ref": "#/definitions/a"}
    body: dict[str, Any] = {
        "name": "circular", "flow_id": flow_id, "parameters": {"x": 1},
        "parameter_openapi_schema": {"properties": {"x": round_about},
                                     "definitions": {"a": round_about}},
    }  # fmt: skip
    made = api.post("/deployments/", json=body).json()
    path = f"/deployments/{made['id']}"
    why = {"detail": "Invalid schema: Unable to validate schema with circular references."}
    for refused in (
        create(api, made),
        api.patch(path, json={"parameters": {"x": 2}}),
        api.post("/deployments/", json={**body, "enforce_parameter_schema": True}),
    ):
        assert (refused.status_code, refused.json()) == (422, why)
    (one,) = api.post(f"{path}/create_flow_run/bulk", json=[{}]).json()["results"]
    assert (one["status"], one["error"]) == ("FAILED", why["detail"])
    assert create(api, made, enforce_parameter_schema=False).status_code == 201
    assert api.patch(path, json={"parameters": {}}).status_code == 204


def test_there_is_no_run_without_a_deployment(api: httpx.Client, unknown: str) -> None:
    answer = create(api, {"id": unknown})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Deployment not found"})


def test_a_queue_needs_a_pool(api: httpx.Client, deployment: dict[str, Any]) -> None:
    answer = create(api, deployment, work_queue_name="fast")
    assert answer.status_code == 400
    assert "is not associated with a work pool" in answer.json()["detail"]


def test_who_serves_gets_what_is_due_the_earliest_first(
    api: httpx.Client, deployment: dict[str, Any]
) -> None:
    later, soon = planned(api, deployment, 2), planned(api, deployment, 1)
    api.post(f"/flow_runs/{later}/set_state", json={"state": {"type": "SCHEDULED"}})
    late = planned(api, deployment, 3)

    assert waiting(api, deployment) == [later, soon, late]
    assert waiting(api, deployment, limit=1) == [later]
    in_two_hours = str(now() + timedelta(hours=2))
    assert waiting(api, deployment, scheduled_before=in_two_hours) == [later, soon]
    assert waiting(api, {"id": str(new_id())}) == []
    too_many = {"deployment_ids": [deployment["id"]], "limit": 201}
    assert api.post("/deployments/get_scheduled_flow_runs", json=too_many).status_code == 422


def test_who_is_served_is_ready(api: httpx.Client, deployment: dict[str, Any]) -> None:
    path = f"/deployments/{deployment['id']}"
    waiting(api, deployment)
    first = api.get(path).json()
    waiting(api, deployment)

    assert (first["status"], first["last_polled"] is None) == ("READY", False)
    assert api.get(path).json() == first


def test_a_deployment_is_paused_and_resumed(
    api: httpx.Client, deployment: dict[str, Any], unknown: str
) -> None:
    path = f"/deployments/{deployment['id']}"
    for word, paused in (("pause", True), ("resume", False)):
        answer = api.post(f"{path}/{word}_deployment")
        assert (answer.status_code, answer.json()) == (200, None)
        assert api.get(path).json()["paused"] is paused
        gone = api.post(f"/deployments/{unknown}/{word}_deployment")
        assert (gone.status_code, gone.json()) == (404, {"detail": "Deployment not found"})


def test_runs_that_have_not_begun_go_with_their_deployment(
    api: httpx.Client, deployment: dict[str, Any]
) -> None:
    due, running = planned(api, deployment, 1), planned(api, deployment, -1)
    api.post(f"/flow_runs/{running}/set_state", json={"state": {"type": "RUNNING"}})
    api.post(f"/deployments/{deployment['id']}/pause_deployment")
    assert api.get(f"/flow_runs/{due}").status_code == 200

    api.delete(f"/deployments/{deployment['id']}")
    assert comes_true(lambda: api.get(f"/flow_runs/{due}").status_code == 404, 10)
    assert api.get(f"/flow_runs/{running}").status_code == 200


def test_a_deployment_is_scheduled_ahead_on_request(
    api: httpx.Client, deployment: dict[str, Any], unknown: str
) -> None:
    path, start = f"/deployments/{deployment['id']}", now() + timedelta(days=30)
    schedules = [{"schedule": {"interval": 3600}}, {"schedule": CRON, "active": False}]
    api.post(f"{path}/schedules", json=schedules)
    after = {"flow_runs": {
        "deployment_id": {"any_": [deployment["id"]]},
        "next_scheduled_start_time": {"after_": start.isoformat()},
    }}  # fmt: skip
    bounds = {"start_time": start.isoformat(), "min_runs": 2, "max_runs": 5, "min_time": 3 * 3600}
    bounds["end_time"] = (start + timedelta(hours=9)).isoformat()
    for _ in range(2):
        answer = api.post(f"{path}/schedule", json=bounds)
        assert (answer.status_code, answer.json()) == (200, None)
        assert api.post("/flow_runs/count", json=after).json() == 4
    assert api.post(f"/deployments/{unknown}/schedule").json() is None
    at_the_end = {"start_time": "9999-12-31T23:00:00Z"}
    assert api.post(f"{path}/schedule", json=at_the_end).json() is None


@pytest.mark.parametrize("enforced", [{}, {"enforce_parameter_schema": True}])
def test_a_deployment_may_lack_what_its_runs_must_have(
    api: httpx.Client, flow_id: str, enforced: dict[str, bool]
) -> None:
    schema = {**SCHEMA, "required": ["x"]}
    body = {"name": "lacking", "flow_id": flow_id, "parameter_openapi_schema": schema, **enforced}
    made = api.post("/deployments/", json=body)
    assert made.status_code == 201
    assert create(api, made.json()).status_code == 409


def test_a_parameter_may_name_a_variable(api: httpx.Client, deployment: dict[str, Any]) -> None:
    api.post("/variables/", json={"name": "limits", "value": {"low": [1]}})
    named = {"__prefect_kind": "workspace_variable", "variable_name": "limits"}
    api.patch(f"/deployments/{deployment['id']}", json={"enforce_parameter_schema": False})
    runs = f"/deployments/{deployment['id']}/create_flow_run"
    run = api.post(runs, json={"parameters": {"x": named}}).json()
    missing = api.post(runs, json={"parameters": {"x": named | {"variable_name": "no"}}})

    assert run["parameters"] == {"x": {"low": [1]}, "y": 2}
    assert missing.status_code == 400
    assert "Variable 'no' not found in workspace." in missing.json()["detail"]


def test_parameters_that_change_are_made_and_then_checked(
    api: httpx.Client, deployment: dict[str, Any], unknown: str
) -> None:
    path = f"/deployments/{deployment['id']}"

    def change(x: dict[str, Any], at: str = path) -> httpx.Response:
        return api.patch(at, json={"parameters": {"x": {"__prefect_kind": "json", **x}}})

    assert change({"value": "3"}).status_code == 204
    assert api.get(path).json()["parameters"] == {"x": 3}
    misfit, unmade = change({"value": '"a"'}), change({"value": "{"})
    assert misfit.status_code == 409
    assert misfit.json()["detail"].startswith("Error updating deployment: Validation failed")
    assert unmade.status_code == 400
    why = "Error hydrating deployment parameters: Invalid JSON"
    assert unmade.json()["detail"].startswith(why)
    assert change({"value": "{"}, f"/deployments/{unknown}").status_code == 404
    assert api.get(path).json()["parameters"] == {"x": 3}
    assert change({}).status_code == 204
    assert api.get(path).json()["parameters"] == {}
