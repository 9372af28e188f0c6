"""A queue with a filter has the runs of deployments that the filter lets through."""

from itertools import count
from typing import Any

import httpx
import pytest

from headgate.clock import now

_numbers = count(1)


@pytest.fixture
def tag() -> str:
    """A tag that no other test has."""
    return f"filtered-{next(_numbers)}"


def deployed(api: httpx.Client, flow_id: str, *tags: str) -> tuple[str, str]:
    """The ids of a deployment with these tags and of a run of it that is due."""
    body = {"name": f"filtered-{next(_numbers)}", "flow_id": flow_id, "tags": tags}
    id = api.post("/deployments/", json=body).json()["id"]
    due = {"type": "SCHEDULED", "state_details": {"scheduled_time": now().isoformat()}}
    run = api.post(f"/deployments/{id}/create_flow_run", json={"state": due})
    assert run.status_code == 201, run.text
    return id, run.json()["id"]


def queue_of(api: httpx.Client, demands: Any, **fields: Any) -> dict[str, Any]:
    body = {"name": f"filtering-{next(_numbers)}", "filter": demands, **fields}
    made = api.post("/work_queues/", json=body)
    assert made.status_code == 201, made.text
    return made.json()


def let_through(api: httpx.Client, queue: dict[str, Any]) -> list[str]:
    answer = api.post(f"/work_queues/{queue['id']}/get_runs", json={})
    assert answer.status_code == 200, answer.text
    return [run["id"] for run in answer.json()]


def test_runs_are_let_through_by_their_tags(api: httpx.Client, flow_id: str, tag: str) -> None:
    _, both = deployed(api, flow_id, tag, "b")
    _, one = deployed(api, flow_id, tag)
    deployed(api, flow_id, "b")
    alone = {"flow_id": flow_id, "tags": [tag], "state": {"type": "SCHEDULED"}}
    assert api.post("/flow_runs/", json=alone).status_code == 201

    assert let_through(api, queue_of(api, {"tags": [tag]})) == [both, one]
    assert let_through(api, queue_of(api, {"tags": [tag, "b"]})) == [both]
    assert let_through(api, queue_of(api, None)) == []


def test_runs_are_let_through_by_their_deployment(
    api: httpx.Client, flow_id: str, tag: str, unknown: str
) -> None:
    first, run = deployed(api, flow_id, tag)
    second, other = deployed(api, flow_id)
    queue = queue_of(api, {"deployment_ids": [first.upper(), second]})

    assert queue["filter"] == {"tags": None, "deployment_ids": [first, second]}
    assert let_through(api, queue) == [run, other]
    path = f"/work_queues/{queue['id']}"
    narrower = {"tags": [tag], "deployment_ids": [first, second]}
    assert api.patch(path, json={"filter": narrower}).status_code == 204
    assert let_through(api, queue) == [run]
    assert api.patch(path, json={"filter": {"deployment_ids": [unknown]}}).status_code == 204
    assert let_through(api, queue) == []


def test_a_queue_with_a_filter_keeps_its_limit(api: httpx.Client, flow_id: str, tag: str) -> None:
    (_, first), (_, second) = deployed(api, flow_id, tag), deployed(api, flow_id, tag)
    queue = queue_of(api, {"tags": [tag]}, concurrency_limit=1)

    assert let_through(api, queue) == [first]
    claimed = {"state": {"type": "PENDING"}}
    assert api.post(f"/flow_runs/{first}/set_state", json=claimed).json()["status"] == "ACCEPT"
    assert let_through(api, queue) == []
    path = f"/work_queues/{queue['id']}"
    assert api.patch(path, json={"concurrency_limit": None}).status_code == 204
    assert let_through(api, queue) == [second]
    assert api.patch(path, json={"is_paused": True}).status_code == 204
    assert let_through(api, queue) == []


def test_a_run_that_is_being_cancelled_takes_room_in_its_queue_and_none_by_a_filter(
    api: httpx.Client, flow_id: str, tag: str
) -> None:
    pool = api.post("/work_pools/", json={"name": tag, "type": "process"}).json()
    body = {"name": tag, "flow_id": flow_id, "work_pool_name": tag, "tags": [tag]}
    deployment = api.post("/deployments/", json=body).json()["id"]
    states = ({"type": "CANCELLING"}, {"type": "SCHEDULED"})
    _, waits = [
        api.post(f"/deployments/{deployment}/create_flow_run", json={"state": state}).json()["id"]
        for state in states
    ]
    queue = {"id": pool["default_queue_id"]}
    path = f"/work_queues/{queue['id']}"
    assert api.patch(path, json={"concurrency_limit": 1}).status_code == 204
    assert let_through(api, queue) == []
    assert api.patch(path, json={"concurrency_limit": 2}).status_code == 204
    assert let_through(api, queue) == [waits]
    assert let_through(api, queue_of(api, {"tags": [tag]}, concurrency_limit=1)) == [waits]


@pytest.mark.parametrize(
    ("demands", "place"),
    [
        ({"tags": "a"}, ["tags"]),
        ({"tags": [1]}, ["tags", 0]),
        ({"deployment_ids": ["x"]}, ["deployment_ids", 0]),
        (1, []),
    ],
)
def test_what_is_wrong_with_a_filter_is_named(
    api: httpx.Client, demands: Any, place: list[str | int]
) -> None:
    queue = queue_of(api, None)
    for answer in (
        api.post("/work_queues/", json={"name": f"{queue['name']}-b", "filter": demands}),
        api.patch(f"/work_queues/{queue['id']}", json={"filter": demands}),
    ):
        assert answer.status_code == 422
        (problem,) = answer.json()["exception_detail"]
        assert problem["loc"] == ["body", "filter", *place]
