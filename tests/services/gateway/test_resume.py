"""A paused flow run goes on when it is asked to, and knows what it was told."""

from typing import Any

import httpx
import pytest

from headgate.clock import new_id

KEYSET = {
    "description": "paused-1-description",
    "response": "paused-1-response",
    "schema": "paused-1-schema",
}
SCHEMA = '{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}'


@pytest.fixture
def paused_id(api: httpx.Client, run_id: str) -> str:
    """The id of a flow run whose pause wants to know a number."""
    _pause(api, run_id, {"pause_key": "1", "run_input_keyset": KEYSET})
    _store(api, run_id, "paused-1-schema", SCHEMA)
    return run_id


def _pause(api: httpx.Client, run_id: str, details: dict[str, Any]) -> None:
    api.post(f"/flow_runs/{run_id}/set_state", json={"state": {"type": "RUNNING"}})
    state = {"type": "PAUSED", "state_details": details}
    answer = api.post(f"/flow_runs/{run_id}/set_state", json={"state": state})
    assert answer.json()["status"] == "ACCEPT"


def _store(api: httpx.Client, run_id: str, key: str, value: str) -> None:
    api.post(f"/flow_runs/{run_id}/input", json={"key": key, "value": value})


def _resume(api: httpx.Client, run_id: str, run_input: Any = None) -> httpx.Response:
    return api.post(f"/flow_runs/{run_id}/resume", json={"run_input": run_input})


def test_a_paused_run_runs_on(api: httpx.Client, run_id: str) -> None:
    _pause(api, run_id, {})
    answer = api.post(f"/flow_runs/{run_id}/resume")
    assert (answer.status_code, answer.json()["status"]) == (201, "ACCEPT")
    assert answer.json()["state"]["type"] == "RUNNING"
    assert answer.json()["details"] == {"type": "accept_details"}


def test_what_is_not_paused_is_not_resumed(api: httpx.Client, run_id: str, unknown: str) -> None:
    """Edge case 3: here alone is the state null."""
    answer = _resume(api, run_id)
    reason = "Cannot resume a flow run that is not paused."
    assert (answer.status_code, answer.json()) == (
        200,
        {"state": None, "status": "ABORT", "details": {"type": "abort_details", "reason": reason}},
    )
    assert _resume(api, unknown).status_code == 404


def test_an_answer_that_fits_is_stored(api: httpx.Client, paused_id: str) -> None:
    """Edge case 66: it is stored as it was hydrated."""
    answer = _resume(api, paused_id, {"n": {"__prefect_kind": "json", "value": "5"}})
    assert (answer.status_code, answer.json()["state"]["type"]) == (201, "RUNNING")
    assert api.get(f"/flow_runs/{paused_id}/input/paused-1-response").json() == {"n": 5}


def test_an_answer_may_name_a_variable(api: httpx.Client, paused_id: str) -> None:
    api.post("/variables/", json={"name": "five", "value": 5})
    named = {"__prefect_kind": "workspace_variable", "variable_name": "five"}
    answer = _resume(api, paused_id, {"n": named})
    assert (answer.status_code, answer.json()["state"]["type"]) == (201, "RUNNING")
    assert api.get(f"/flow_runs/{paused_id}/input/paused-1-response").json() == {"n": 5}


@pytest.mark.parametrize(
    ("run_input", "reason"),
    [
        (None, "Reason: Validation failed. Failure reason: 'n' is a required property"),
        (
            {"n": "x"},
            "Reason: Validation failed for field 'n'. Failure reason: 'x' is not of type 'integer'",
        ),
        (
            {"n": {"__prefect_kind": "workspace_variable", "variable_name": "no"}},
            "Error hydrating run input: Variable 'no' not found in workspace.",
        ),
        (
            {"__prefect_kind": "json", "value": "[1]"},
            "Reason: Validation failed. Failure reason: [1] is not of type 'object'",
        ),
    ],
)
def test_an_answer_that_does_not_fit_leaves_the_run_paused(
    api: httpx.Client, paused_id: str, run_input: Any, reason: str
) -> None:
    """Edge case 65: status and details do not agree."""
    answer = _resume(api, paused_id, run_input)
    assert (answer.status_code, answer.json()["status"]) == (200, "REJECT")
    assert answer.json()["state"]["type"] == "PAUSED"
    assert answer.json()["details"] == {"type": "abort_details", "reason": reason}
    assert api.get(f"/flow_runs/{paused_id}").json()["state_type"] == "PAUSED"
    assert api.get(f"/flow_runs/{paused_id}/input/paused-1-response").status_code == 404


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        (None, "Run input schema not found."),
        ("{oops", "Run input schema is not valid JSON."),
        ("[1]", "Invalid schema: it is no object"),
        ("{}", "Reason: Validation failed. Failure reason: the input is no object"),
        (
            '{"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}',
            "Invalid schema: Unable to validate schema with circular references.",
        ),
    ],
)
def test_a_schema_may_be_missing_or_none(
    api: httpx.Client, run_id: str, schema: str | None, reason: str
) -> None:
    _pause(api, run_id, {"run_input_keyset": KEYSET})
    if schema is not None:
        _store(api, run_id, "paused-1-schema", schema)
    answer = _resume(api, run_id, {"__prefect_kind": "json", "value": "[1]"})
    assert answer.json()["details"] == {"type": "abort_details", "reason": reason}


def test_nothing_is_an_answer_where_nothing_is_required(api: httpx.Client, run_id: str) -> None:
    """Edge case 66: and nothing is stored."""
    _pause(api, run_id, {"run_input_keyset": KEYSET})
    _store(api, run_id, "paused-1-schema", '{"properties": {"n": {"type": "integer"}}}')
    assert _resume(api, run_id).json()["status"] == "ACCEPT"
    assert api.get(f"/flow_runs/{run_id}/input/paused-1-response").status_code == 404


def test_an_answer_does_not_replace_another(api: httpx.Client, paused_id: str) -> None:
    _store(api, paused_id, "paused-1-response", "1")
    assert _resume(api, paused_id, {"n": 1}).status_code == 409
    assert api.get(f"/flow_runs/{paused_id}").json()["state_type"] == "PAUSED"


def test_a_suspended_run_is_scheduled_at_once(api: httpx.Client, flow_id: str) -> None:
    body = {"flow_id": flow_id, "deployment_id": str(new_id())}
    run_id = api.post("/flow_runs/", json=body).json()["id"]
    _pause(api, run_id, {"pause_reschedule": True})
    state = _resume(api, run_id).json()["state"]
    assert (state["type"], state["name"]) == ("SCHEDULED", "Resuming")


def test_a_pause_that_fires_again_forgets_what_it_was_answered(
    api: httpx.Client, paused_id: str
) -> None:
    """Edge case 16: with the schema that was stored for it."""
    _resume(api, paused_id, {"n": 1})
    policy: dict[str, Any] = {"empirical_policy": {"pause_keys": []}}
    assert api.patch(f"/flow_runs/{paused_id}", json=policy).status_code == 204
    _pause(api, paused_id, {"pause_key": "1", "run_input_keyset": KEYSET})
    body = {"prefix": "paused-1", "limit": 9}
    assert api.post(f"/flow_runs/{paused_id}/input/filter", json=body).json() == []
