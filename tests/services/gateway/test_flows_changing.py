"""Flows are tagged, paged and deleted, alone or many at once, with all that goes with them."""

from itertools import count
from typing import Any

import httpx
import pytest

_numbers = count(1)


def made(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    return api.post("/flows/", json={"name": f"changing-{next(_numbers)}", **fields}).json()


def test_a_flow_is_given_other_tags(api: httpx.Client) -> None:
    flow = made(api, tags=["a"], labels={"k": 1})
    path = f"/flows/{flow['id']}"
    assert api.patch(path, json={"tags": ["b", "c"]}).status_code == 204

    changed = api.get(path).json()
    assert (changed["tags"], changed["labels"]) == (["b", "c"], {"k": 1})
    assert changed["updated"] > flow["updated"]
    assert api.patch(path, json={}).status_code == 204
    assert api.get(path).json()["tags"] == ["b", "c"]
    listed = api.post("/flows/filter", json={"flows": {"id": {"any_": [flow["id"]]}}}).json()
    assert listed == [changed]


@pytest.mark.parametrize(("body", "field"), [({"tags": None}, "tags"), ({"name": "x"}, "name")])
def test_a_flow_is_changed_in_its_tags_only(
    api: httpx.Client, flow_id: str, body: dict[str, Any], field: str
) -> None:
    refused = api.patch(f"/flows/{flow_id}", json=body)

    assert refused.status_code == 422
    assert refused.json()["exception_detail"][0]["loc"] == ["body", field]


def test_a_flow_goes_with_its_runs_and_deployments(api: httpx.Client) -> None:
    flow = made(api)
    run = api.post("/flow_runs/", json={"flow_id": flow["id"]}).json()
    task = {"flow_run_id": run["id"], "task_key": "t", "dynamic_key": "0"}
    task_run = api.post("/task_runs/", json=task).json()
    deployment = api.post("/deployments/", json={"name": "d", "flow_id": flow["id"]}).json()
    planned = api.post(f"/deployments/{deployment['id']}/create_flow_run", json={}).json()

    assert api.delete(f"/flows/{flow['id']}").status_code == 204
    for path in (
        f"/flows/{flow['id']}",
        f"/flows/name/{flow['name']}",
        f"/flow_runs/{run['id']}",
        f"/flow_runs/{planned['id']}",
        f"/task_runs/{task_run['id']}",
        f"/deployments/{deployment['id']}",
    ):
        assert api.get(path).status_code == 404, path
    of_flow = {"flows": {"id": {"any_": [flow["id"]]}}}
    for path in ("flows", "flow_runs", "task_runs", "deployments"):
        assert api.post(f"/{path}/filter", json=of_flow).json() == []
    again = api.post("/flows/", json={"name": flow["name"]})
    assert again.status_code == 201
    assert again.json()["id"] != flow["id"]


def test_a_flow_that_is_not_there_is_not_found(api: httpx.Client, unknown: str) -> None:
    path = f"/flows/{unknown}"
    for answer in (api.patch(path, json={"tags": []}), api.delete(path)):
        assert (answer.status_code, answer.json()) == (404, {"detail": "Flow not found"})


def test_flows_that_match_are_deleted_as_many_as_is_said(api: httpx.Client) -> None:
    tag = f"bulk-{next(_numbers)}"
    flows = {made(api, tags=[tag])["id"] for _ in range(3)}
    mine = {"flows": {"tags": {"all_": [tag]}}}

    first = api.post("/flows/bulk_delete", json={**mine, "limit": 1}).json()["deleted"]
    assert len(first) == 1
    rest = api.post("/flows/bulk_delete", json=mine).json()["deleted"]
    assert {*first, *rest} == flows
    assert api.post("/flows/bulk_delete", json=mine).json() == {"deleted": []}


@pytest.mark.parametrize("kind", ["flows", "deployments"])
@pytest.mark.parametrize("limit", [0, 51])
def test_no_more_are_deleted_at_once_than_may_be(api: httpx.Client, kind: str, limit: int) -> None:
    refused = api.post(f"/{kind}/bulk_delete", json={"limit": limit})

    assert refused.status_code == 422
    assert "limit" in refused.text


def test_flows_are_had_by_numbered_pages(api: httpx.Client) -> None:
    tag = f"paged-{next(_numbers)}"
    flows = [made(api, tags=[tag]) for _ in range(3)]
    mine = {"flows": {"tags": {"all_": [tag]}}, "sort": "NAME_ASC", "limit": 2}

    page = api.post("/flows/paginate", json={**mine, "page": 2}).json()
    assert [flow["name"] for flow in page["results"]] == [sorted(f["name"] for f in flows)[2]]
    del page["results"]
    assert page == {"count": 3, "limit": 2, "pages": 2, "page": 2}
    assert api.post("/flows/paginate", json={"limit": 0}).json()["pages"] == 0
    assert api.post("/flows/paginate", json={"page": 0}).status_code == 422
    assert api.post("/flows/paginate", json={"limit": 201}).status_code == 422
