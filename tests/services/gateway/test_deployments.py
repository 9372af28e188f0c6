"""Deployments are made or brought up to date, read, changed, listed and deleted."""

from typing import Any
from uuid import UUID

import httpx
import pytest

CONFLICT = (
    "Data integrity conflict. This usually means a unique or foreign key constraint was violated."
    " See server logs for details."
)


def create(api: httpx.Client, flow_id: str, **fields: Any) -> httpx.Response:
    return api.post("/deployments/", json={"name": "nightly", "flow_id": flow_id, **fields})


@pytest.fixture
def deployment(api: httpx.Client, flow_id: str) -> dict[str, Any]:
    """A deployment with two schedules."""
    schedules = [
        {"schedule": {"cron": "0 3 * * *"}, "slug": "night"},
        {"schedule": {"interval": 3600}, "active": False, "parameters": {"x": 1}},
    ]
    made = create(api, flow_id, tags=["a"], labels={"own": 1}, schedules=schedules, path="p")
    assert made.status_code == 201, made.text
    return made.json()


def test_a_deployment_has_every_field(api: httpx.Client, deployment: dict[str, Any]) -> None:
    interval, cron = deployment["schedules"]

    assert cron["schedule"] == {"cron": "0 3 * * *", "timezone": None, "day_or": True}
    assert (cron["slug"], cron["active"], cron["deployment_id"]) == (
        "night",
        True,
        deployment["id"],
    )
    assert interval["schedule"].keys() == {"interval", "anchor_date", "timezone"}
    assert (interval["active"], interval["parameters"]) == (False, {"x": 1})
    assert deployment["labels"] == {
        "team": "a", "prefect.flow.id": deployment["flow_id"], "own": 1,
    }  # fmt: skip
    assert (deployment["status"], deployment["parameter_openapi_schema"]) == ("NOT_READY", {})
    assert api.get(f"/deployments/{deployment['id']}").json() == deployment


def test_a_deployment_is_found_by_name(api: httpx.Client, deployment: dict[str, Any]) -> None:
    flow = api.get(f"/flows/{deployment['flow_id']}").json()

    assert api.get(f"/deployments/name/{flow['name']}/nightly").json() == deployment
    for path in (f"{flow['name']}/daily", "nothing/nightly"):
        answer = api.get(f"/deployments/name/{path}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "Deployment not found"})


def test_creating_it_again_takes_over_what_is_given(
    api: httpx.Client, deployment: dict[str, Any]
) -> None:
    again = create(api, deployment["flow_id"], tags=["b"], labels={"new": 2})

    assert again.status_code == 200
    after = again.json()
    assert (after["id"], after["created"]) == (deployment["id"], deployment["created"])
    assert (after["tags"], after["path"], after["schedules"]) == (["b"], "p", [])
    assert after["labels"] == {"team": "a", "prefect.flow.id": deployment["flow_id"], "new": 2}
    assert after["updated"] > deployment["updated"]


def test_creating_it_again_keeps_whether_parameters_are_enforced_but_not_the_parameters(
    api: httpx.Client, flow_id: str
) -> None:
    create(api, flow_id, parameters={"x": 1}, enforce_parameter_schema=False)

    after = create(api, flow_id).json()

    assert (after["parameters"], after["enforce_parameter_schema"]) == ({}, False)


def test_a_deployment_is_of_a_flow_that_is_there(api: httpx.Client, unknown: str) -> None:
    answer = create(api, unknown)
    assert (answer.status_code, answer.json()) == (409, {"detail": CONFLICT})


def test_two_schedules_have_two_slugs(api: httpx.Client, flow_id: str) -> None:
    schedules = [{"schedule": {"cron": "0 3 * * *"}, "slug": "a"}] * 2
    assert create(api, flow_id, schedules=schedules).json() == {"detail": CONFLICT}


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"cron": "0 3 * * *", "interval": 3},
        {"interval": 3, "day_or": True},
        {"cron": "0 3 * * *", "anchor_date": "2026-11-20T12:00:00Z"},
        {"cron": "0 3 * * *", "colour": "red"},
        {"cron": "whenever"},
        {"cron": "0 3 * * *", "timezone": "Mars/Base"},
        {"interval": 0},
        {"rrule": "FREQ=SOMETIMES"},
    ],
)
def test_a_schedule_is_of_one_kind_and_has_dates(
    api: httpx.Client, flow_id: str, schedule: dict[str, Any]
) -> None:
    answer = create(api, flow_id, schedules=[{"schedule": schedule}])

    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert problem["loc"][:3] == ["body", "schedules", 0]


def test_a_deployment_has_one_limit(api: httpx.Client, flow_id: str, unknown: str) -> None:
    answer = create(api, flow_id, concurrency_limit=1, global_concurrency_limit_id=unknown)

    assert answer.status_code == 422
    assert "cannot have both" in answer.text


def test_a_deployment_is_changed_where_something_is_given(
    api: httpx.Client, deployment: dict[str, Any]
) -> None:
    path = f"/deployments/{deployment['id']}"
    change = {"paused": True, "parameters": {"x": 1}, "job_variables": None, "description": "d"}
    assert api.patch(path, json=change).status_code == 204

    after = api.get(path).json()
    assert (after["paused"], after["parameters"], after["description"]) == (True, {"x": 1}, "d")
    assert (after["tags"], after["job_variables"]) == (["a"], {})


def test_a_deployment_keeps_its_name(api: httpx.Client, deployment: dict[str, Any]) -> None:
    answer = api.patch(f"/deployments/{deployment['id']}", json={"name": "other"})

    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["body", "name"]


def test_a_deleted_deployment_is_gone(api: httpx.Client, deployment: dict[str, Any]) -> None:
    path = f"/deployments/{deployment['id']}"

    assert api.delete(path).status_code == 204
    for answer in (api.get(path), api.delete(path)):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Deployment not found"})
    gone = api.patch(path, json={"paused": True})
    assert (gone.status_code, gone.json()) == (404, {"detail": "Deployment not found."})
    assert create(api, deployment["flow_id"]).status_code == 201


def test_a_list_shows_what_has_just_been_written(api: httpx.Client, flow_id: str) -> None:
    for name, paused in (("b", True), ("a", False), ("c", False)):
        create(api, flow_id, name=name, paused=paused, tags=[name])
    of_flow: dict[str, Any] = {"flows": {"id": {"any_": [flow_id]}}}

    def names(**query: Any) -> list[str]:
        found = api.post("/deployments/filter", json={**of_flow, **query}).json()
        return [one["name"] for one in found]

    assert names() == ["a", "b", "c"]
    assert names(sort="NAME_DESC", limit=1, offset=1) == ["b"]
    assert names(deployments={"paused": {"eq_": True}}) == ["b"]
    assert names(deployments={"tags": {"all_": ["c"]}}) == ["c"]
    assert api.post("/deployments/count", json=of_flow).json() == 3
    assert UUID(api.post("/deployments/filter", json=of_flow).json()[0]["id"])


def test_a_deployment_may_have_a_part_of_a_nested_model(api: httpx.Client, flow_id: str) -> None:
    config = {
        "type": "object",
        "properties": {"name": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["name"],
    }
    either = {"anyOf": [{"$ref": "#/definitions/Config"}, {"type": "null"}], "default": None}
    schema: dict[str, Any] = {
        "type": "object", "definitions": {"Config": config}, "properties": {"config": either},
    }  # fmt: skip
    enforced = {"parameter_openapi_schema": schema, "enforce_parameter_schema": True}
    made = create(api, flow_id, parameters={"config": {"n": 1}}, **enforced)
    assert made.status_code == 201, made.text
    path = f"/deployments/{made.json()['id']}"

    assert api.patch(path, json={"parameters": {"config": {"n": 2}}}).status_code == 204
    assert api.patch(path, json={"parameters": {"config": {"n": "a"}}}).status_code == 409
    assert api.post(f"{path}/create_flow_run", json={}).status_code == 409


@pytest.mark.parametrize("kind", ["storage", "infrastructure"])
def test_a_deployments_blocks_are_there(
    api: httpx.Client, flow_id: str, unknown: str, kind: str
) -> None:
    field = f"{kind}_document_id"
    refused = create(api, flow_id, **{field: unknown})
    assert refused.status_code == 409
    why = f"Error creating deployment. Could not find {kind} block with id: {unknown}. This "
    assert refused.json()["detail"].startswith(why)

    made = create(api, flow_id, **{field: None})
    assert made.status_code == 201
    path = f"/deployments/{made.json()['id']}"
    moved = api.patch(path, json={field: unknown})
    assert (moved.status_code, moved.json()) == (409, {"detail": CONFLICT})

    block = a_block(api, f"{kind}-of-a-deployment")
    assert api.patch(path, json={field: block}).status_code == 204
    assert create(api, flow_id, **{field: block}).json()[field] == block


def a_block(api: httpx.Client, slug: str) -> str:
    """The id of a block without a name."""
    of_type = api.post("/block_types/", json={"name": slug, "slug": slug}).json()["id"]
    fields = {"block_type_slug": slug, "properties": {"path": {"type": "string"}}}
    body: dict[str, Any] = {"fields": fields, "block_type_id": of_type, "capabilities": []}
    schema = api.post("/block_schemas/", json=body).json()["id"]
    made = api.post(
        "/block_documents/",
        json={
            "data": {"path": "p"}, "block_schema_id": schema, "block_type_id": of_type,
            "is_anonymous": True,
        },
    )  # fmt: skip
    assert made.status_code == 201, made.text
    return made.json()["id"]
