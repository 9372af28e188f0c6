"""Which states there have been is told with when they were first and last seen."""

from typing import Any

import httpx
import pytest

PATH = "/observed-states"


@pytest.fixture
def rolling(api: httpx.Client, run_id: str) -> list[dict[str, Any]]:
    """States of a name that no other test gives, in which a flow run has been."""
    state = {"state": {"type": "RUNNING", "name": "Rolling"}}
    return [
        api.post(f"/flow_runs/{run_id}/set_state", json=state).json()["state"] for _ in range(2)
    ]


def test_a_state_is_seen_from_the_first_to_the_last_time(
    api: httpx.Client, rolling: list[dict[str, Any]]
) -> None:
    (seen,) = api.get(PATH, params={"query": "rOLL"}).json()

    assert (seen["state_type"], seen["state_name"]) == ("RUNNING", "Rolling")
    assert seen["first_seen"] <= rolling[0]["timestamp"]
    assert seen["last_seen"] == rolling[1]["timestamp"]


@pytest.mark.usefixtures("rolling")
def test_states_are_found_by_type_sorted_and_limited(api: httpx.Client) -> None:
    found = api.get(PATH, params={"query": "run", "order_by": "NAME_ASC"}).json()
    one = api.get(PATH, params={"query": "run", "limit": 1}).json()

    names = [each["state_name"] for each in found]
    assert "Rolling" in names
    assert names == sorted(names)
    assert {each["state_type"] for each in found} == {"RUNNING"}
    assert [each["state_name"] for each in one] == ["Rolling"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"query": "x" * 101}, "query"),
        ({"order_by": "UP"}, "order_by"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "x"}, "limit"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(
    api: httpx.Client, asked: dict[str, Any], field: str
) -> None:
    answer = api.get(PATH, params=asked)

    assert answer.status_code == 422
    (problem,) = answer.json()["exception_detail"]
    assert problem["loc"] == ["query", field]
