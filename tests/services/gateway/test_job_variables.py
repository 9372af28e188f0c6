"""Job variables fit what the job template of their work pool declares, or are refused."""

from itertools import count
from typing import Any

import httpx
import pytest

from tests.services.gateway.test_deployments import create

_numbers = count(1)

UNFIT = {"cpu": "many"}
WHY = "Validation failed for field 'cpu'. Failure reason: 'many' is not"
LACKS = "Validation failed. Failure reason: 'image' is a required property"
VARIABLES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "cpu": {"type": "integer"},
        "image": {"type": "string"},
        "size": {"type": "string", "default": "small"},
    },
    "required": ["image", "size"],
}


def pool_with(api: httpx.Client, variables: Any = VARIABLES) -> str:
    """The name of a work pool whose template declares *variables*."""
    name = f"declaring-{next(_numbers)}"
    template: dict[str, Any] = {"job_configuration": {}, "variables": variables}
    made = api.post("/work_pools/", json={"name": name, "base_job_template": template})
    assert made.status_code == 201, made.text
    return name


@pytest.fixture
def pool(api: httpx.Client) -> str:
    """The name of a work pool that declares three job variables, one of which must be given."""
    return pool_with(api)


def deployed(api: httpx.Client, flow_id: str, pool: str, **job_variables: Any) -> str:
    """The path of a deployment with these job variables."""
    made = create(api, flow_id, work_pool_name=pool, job_variables=job_variables)
    assert made.status_code == 201, made.text
    return f"/deployments/{made.json()['id']}"


def answer_of(refused: httpx.Response) -> tuple[int, str]:
    return refused.status_code, refused.json()["detail"]


def test_a_deployment_is_made_with_job_variables_that_fit(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    refused = create(api, flow_id, work_pool_name=pool, job_variables=UNFIT)
    status, why = answer_of(refused)
    assert (status, why.startswith(f"Error creating deployment: {WHY}")) == (422, True)
    for fine in ({}, {"cpu": 1}, {"cpu": None}, {"unknown": "many"}):
        assert create(api, flow_id, work_pool_name=pool, job_variables=fine).is_success
    assert create(api, flow_id, name="nowhere", job_variables=UNFIT).status_code == 201


def test_a_deployment_that_is_given_a_pool_is_given_job_variables_that_fit(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    path = deployed(api, flow_id, pool)
    status, why = answer_of(api.patch(path, json={"work_pool_name": pool, "job_variables": UNFIT}))
    assert (status, why.startswith(f"Error updating deployment: {WHY}")) == (409, True)
    for fine in (
        {"work_pool_name": pool, "job_variables": {"cpu": 1}},
        {"work_pool_name": pool, "job_variables": None},
        {"job_variables": UNFIT},
        {"work_queue_name": "q", "job_variables": UNFIT},
        {"work_pool_name": None, "job_variables": UNFIT},
    ):
        assert api.patch(path, json=fine).status_code == 204


def test_a_run_has_job_variables_that_fit(api: httpx.Client, flow_id: str, pool: str) -> None:
    runs = f"{deployed(api, flow_id, pool, image='i')}/create_flow_run"
    status, why = answer_of(api.post(runs, json={"job_variables": UNFIT}))
    assert (status, why.startswith(f"Error creating flow run: {WHY}")) == (422, True)
    for fine in ({}, None, {"cpu": 1}, {"cpu": None}):
        assert api.post(runs, json={"job_variables": fine}).status_code == 201


def test_what_a_run_and_its_deployment_give_is_checked_together(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    runs = f"{deployed(api, flow_id, pool, cpu=1)}/create_flow_run"
    for lacking in ({}, {"cpu": 2}):
        refused = api.post(runs, json={"job_variables": lacking})
        assert answer_of(refused) == (422, f"Error creating flow run: {LACKS}")
    assert api.post(runs, json={"job_variables": {"image": "i"}}).status_code == 201


def test_a_run_of_which_no_job_variables_are_said_is_made(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    runs = f"{deployed(api, flow_id, pool)}/create_flow_run"
    assert api.post(runs, json={}).status_code == 201


def test_each_of_many_runs_has_job_variables_that_fit(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    runs = f"{deployed(api, flow_id, pool)}/create_flow_run/bulk"
    given: list[dict[str, Any]] = [{"job_variables": UNFIT | {"image": "i"}}, {}]
    bad, good = api.post(runs, json=given).json()["results"]
    assert (bad["status"], bad["flow_run_id"]) == ("FAILED", None)
    assert bad["error"].startswith(f"Error creating flow run: {WHY}")
    assert good["status"] == "CREATED"


def test_a_run_that_waits_is_given_job_variables_that_fit(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    deployment = deployed(api, flow_id, pool)
    made = api.post(f"{deployment}/create_flow_run", json={})
    path = f"/flow_runs/{made.json()['id']}"
    status, why = answer_of(api.patch(path, json={"job_variables": UNFIT | {"image": "i"}}))
    assert (status, why.startswith(f"Error updating flow run: {WHY}")) == (422, True)
    lacking = api.patch(path, json={"job_variables": {"cpu": 1}})
    assert answer_of(lacking) == (422, f"Error updating flow run: {LACKS}")

    api.patch(deployment, json={"job_variables": {"image": "i"}})
    assert api.patch(path, json={"job_variables": {"cpu": 1}}).status_code == 204
    assert api.patch(path, json={"job_variables": None}).status_code == 204


@pytest.mark.parametrize(
    "variables", [{"type": "object"}, {"required": []}, {"properties": {"cpu": True}}, {}, None]
)
def test_a_template_may_demand_nothing(api: httpx.Client, flow_id: str, variables: Any) -> None:
    path = deployed(api, flow_id, pool_with(api, variables), **UNFIT)
    made = api.post(f"{path}/create_flow_run", json={"job_variables": UNFIT})
    assert made.status_code == 201
    change = {"job_variables": UNFIT}
    assert api.patch(f"/flow_runs/{made.json()['id']}", json=change).status_code == 204


def test_job_variables_are_nothing_to_a_pool_that_was_deleted(
    api: httpx.Client, flow_id: str, pool: str
) -> None:
    path = deployed(api, flow_id, pool, image="i")
    assert api.delete(f"/work_pools/{pool}").status_code == 204
    made = api.post(f"{path}/create_flow_run", json={"job_variables": UNFIT})
    assert made.status_code == 201
    change = {"job_variables": UNFIT}
    assert api.patch(f"/flow_runs/{made.json()['id']}", json=change).status_code == 204
