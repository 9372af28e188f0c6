"""What entities and resources say of themselves beyond their fields."""

from uuid import UUID

import pytest
from msgspec import DecodeError

from events.entities import FlowRunInput
from events.resources.work_pools import WorkPool
from tests.support.examples import NOON


def an_input(value: str) -> FlowRunInput:
    return FlowRunInput(
        id=UUID(int=1), flow_run_id=UUID(int=2), key="answer", value=value, created=NOON
    )


def test_an_input_is_the_value_that_its_json_says() -> None:
    assert an_input('{"a": [1, null]}').decoded_value == {"a": [1, None]}


def test_an_input_that_is_no_json_has_no_value() -> None:
    with pytest.raises(DecodeError):
        _ = an_input("yes").decoded_value


@pytest.mark.parametrize(
    ("type", "is_push", "is_managed"),
    [
        ("process", False, False),
        ("ecs:push", True, False),
        ("prefect:managed", False, True),
        ("push", False, False),
    ],
)
def test_a_pool_tells_by_its_type_who_runs_its_runs(
    type: str, is_push: bool, is_managed: bool
) -> None:
    pool = WorkPool(id=UUID(int=1), name="pool", type=type)
    assert (pool.is_push_pool, pool.is_managed_pool) == (is_push, is_managed)
