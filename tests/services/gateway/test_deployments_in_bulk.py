"""Deployments are paged and deleted, and their runs created, many at a time."""

from itertools import count
from typing import Any

import httpx
import pytest

_numbers = count(1)

ANY: dict[str, Any] = {}
"""A run of which nothing is said."""


@pytest.fixture
def tag() -> str:
    """A tag that no other test has."""
    return f"in-bulk-{next(_numbers)}"


def made(api: httpx.Client, flow_id: str, tag: str, **fields: Any) -> dict[str, Any]:
    body = {"name": f"d-{next(_numbers)}", "flow_id": flow_id, "tags": [tag], **fields}
    answer = api.post("/deployments/", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_deployments_are_had_by_numbered_pages(api: httpx.Client, flow_id: str, tag: str) -> None:
    deployments = [made(api, flow_id, tag) for _ in range(3)]
    mine = {"deployments": {"tags": {"all_": [tag]}}, "sort": "CREATED_DESC", "limit": 2}

    page = api.post("/deployments/paginate", json={**mine, "page": 2}).json()
    assert [each["id"] for each in page.pop("results")] == [deployments[0]["id"]]
    assert page == {"count": 3, "limit": 2, "pages": 2, "page": 2}
    refused = api.post("/deployments/paginate", json={"page": 0})
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", "page"]


def test_deployments_that_match_are_deleted(api: httpx.Client, flow_id: str, tag: str) -> None:
    ids = {made(api, flow_id, tag)["id"] for _ in range(2)}
    mine = {"deployments": {"tags": {"all_": [tag]}}}

    assert set(api.post("/deployments/bulk_delete", json=mine).json()["deleted"]) == ids
    assert api.post("/deployments/bulk_delete", json=mine).json() == {"deleted": []}
    for id in ids:
        assert api.get(f"/deployments/{id}").status_code == 404


def test_runs_are_created_each_for_itself(api: httpx.Client, flow_id: str, tag: str) -> None:
    schema = {"type": "object", "properties": {"x": {"type": "integer"}}}
    deployment = made(api, flow_id, tag, parameter_openapi_schema=schema)
    path = f"/deployments/{deployment['id']}/create_flow_run/bulk"
    wanted = [
        {"name": "first", "idempotency_key": "k"},
        {"parameters": {"x": "no number"}},
        {"idempotency_key": "k"},
    ]
    first, bad, same = api.post(path, json=wanted).json()["results"]

    assert (first["status"], first["error"]) == ("CREATED", None)
    assert same["flow_run_id"] == first["flow_run_id"]
    assert (bad["status"], bad["flow_run_id"]) == ("FAILED", None)
    assert "Error creating flow run" in bad["error"]
    run = api.get(f"/flow_runs/{first['flow_run_id']}").json()
    assert (run["name"], run["deployment_id"]) == ("first", deployment["id"])
    assert api.post(path, json=[]).json() == {"results": []}


def test_what_is_wrong_with_runs_to_create_is_named(
    api: httpx.Client, flow_id: str, tag: str, unknown: str
) -> None:
    path = f"/deployments/{made(api, flow_id, tag)['id']}/create_flow_run/bulk"
    refused = api.post(path, json=[ANY, {"size": 1}])
    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", 1, "size"]
    too_many = api.post(path, json=[ANY] * 101)
    assert too_many.status_code == 400
    assert too_many.json() == {"detail": "Cannot create more than 100 flow runs at once."}
    absent = api.post(f"/deployments/{unknown}/create_flow_run/bulk", json=[ANY])
    assert (absent.status_code, absent.json()) == (404, {"detail": "Deployment not found"})


def test_a_run_that_cannot_wait_where_it_should_is_told_so(
    api: httpx.Client, flow_id: str, tag: str
) -> None:
    path = f"/deployments/{made(api, flow_id, tag)['id']}/create_flow_run/bulk"
    (result,) = api.post(path, json=[{"work_queue_name": "elsewhere"}]).json()["results"]

    assert (result["status"], result["flow_run_id"]) == ("FAILED", None)
    assert "not associated with a work pool" in result["error"]


def test_the_queues_are_told_from_which_runs_may_be_taken(
    api: httpx.Client, flow_id: str, tag: str, unknown: str
) -> None:
    deployment = made(api, flow_id, tag)
    path = f"/deployments/{deployment['id']}/work_queue_check"
    queues = {
        name: api.post("/work_queues/", json={"name": f"{tag}-{name}", "filter": demands}).json()
        for name, demands in {
            "any": None,
            "tagged": {"tags": [tag]},
            "else": {"tags": [tag, "else"]},
            "own": {"deployment_ids": [deployment["id"]]},
            "other": {"deployment_ids": [unknown]},
        }.items()
    }
    found = {queue["id"] for queue in api.get(path).json()}
    mine = {name for name, queue in queues.items() if queue["id"] in found}

    assert mine == {"any", "tagged", "own"}
    absent = api.get(f"/deployments/{unknown}/work_queue_check")
    assert (absent.status_code, absent.json()) == (404, {"detail": "Deployment not found"})
