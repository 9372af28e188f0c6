"""A list refuses by its name what it cannot look for, and names the pool that is not there."""

from itertools import count

import httpx
import pytest

_numbers = count(1)

LISTS = [
    ("/deployments/filter", "deployments"),
    ("/flow_runs/count", "flow_runs"),
    ("/work_pools/filter", "work_pools"),
    ("/work_pools/POOL/queues/filter", "work_queues"),
    ("/work_pools/POOL/workers/filter", "workers"),
    ("/work_queues/filter", "work_queues"),
    ("/block_schemas/filter", "block_schemas"),
]
"""Paths, and what is demanded there."""

PAGES = [
    *(path for path, _ in LISTS if path.endswith("filter")),
    "/v2/concurrency_limits/filter",
    "/concurrency_limits/filter",
]


@pytest.fixture
def pool(api: httpx.Client) -> str:
    """The name of a work pool."""
    name = f"listing-{next(_numbers)}"
    assert api.post("/work_pools/", json={"name": name, "type": "process"}).status_code == 201
    return name


@pytest.mark.parametrize(("path", "of"), LISTS)
def test_a_demand_that_nobody_knows_is_named(
    api: httpx.Client, pool: str, path: str, of: str
) -> None:
    answer = api.post(path.replace("POOL", pool), json={of: {"bogus": {"any_": ["x"]}}})

    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert (problem["loc"], problem["type"]) == (["body", of, "bogus"], "extra_forbidden")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_at_most_two_hundred(api: httpx.Client, pool: str, path: str) -> None:
    where = path.replace("POOL", pool)
    assert api.post(where, json={"limit": 200}).status_code == 200
    answer = api.post(where, json={"limit": 201})

    said = {"detail": "Invalid limit: must be less than or equal to 200."}
    assert (answer.status_code, answer.json()) == (422, said)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_begins_somewhere(api: httpx.Client, pool: str, path: str) -> None:
    answer = api.post(path.replace("POOL", pool), json={"offset": -1})

    assert answer.status_code == 422
    assert answer.json()["exception_detail"][0]["loc"] == ["body", "offset"]


@pytest.mark.parametrize(
    "path", ["queues/filter", "workers/filter", "get_scheduled_flow_runs", "concurrency_status"]
)
def test_nothing_is_listed_of_a_pool_that_is_not_there(api: httpx.Client, path: str) -> None:
    answer = api.post(f"/work_pools/none/{path}", json={})

    assert (answer.status_code, answer.json()) == (404, {"detail": 'Work pool "none" not found.'})
