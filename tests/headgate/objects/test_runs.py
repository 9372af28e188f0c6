"""Runs are called by two words, policies fill what is deprecated, inputs have plain keys."""

import json
import warnings
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from events.slugs import slug_of
from headgate import clock
from headgate.objects import (
    FlowRun,
    FlowRunInput,
    FlowRunPolicy,
    FlowRunResponse,
    TaskRun,
    TaskRunPolicy,
)

FLOW = clock.new_id()


@pytest.mark.parametrize("name", [None, ""])
def test_a_run_without_a_name_is_called_by_two_words(name: str | None) -> None:
    flow_run = FlowRun.model_validate({"flow_id": FLOW, "name": name})
    task_run = TaskRun.model_validate({"task_key": "k", "dynamic_key": "0", "name": name})
    assert flow_run.name == slug_of(flow_run.id)
    assert task_run.name == slug_of(task_run.id)
    assert len(FlowRun(flow_id=FLOW).name.split("-")) == 2
    assert FlowRun(flow_id=FLOW, name="mine").name == "mine"


@pytest.mark.parametrize("kind", [FlowRun, FlowRunResponse])
def test_runs_are_equal_whatever_was_estimated(kind: type[FlowRun]) -> None:
    def make(**more: Any) -> FlowRun:
        return kind.model_validate({"flow_id": FLOW, "id": FLOW, "work_pool_id": None, **more})

    later = timedelta(seconds=1)
    assert make() == make(estimated_run_time=later, estimated_start_time_delta=later)
    assert make() != make(total_run_time=later)
    assert make() != make(tags=["t"])
    assert make() != "a run"


def test_a_run_and_its_answer_are_not_the_same_thing() -> None:
    run = FlowRun(flow_id=FLOW)
    assert run != FlowRunResponse(**run.model_dump())


def test_an_answer_says_of_which_pool_a_run_is() -> None:
    with pytest.raises(ValidationError, match="work_pool_id"):
        FlowRunResponse.model_validate({"flow_id": FLOW})


@pytest.mark.parametrize("policy", [FlowRunPolicy, TaskRunPolicy])
def test_a_deprecated_field_fills_its_successor(policy: Any) -> None:
    filled = policy(max_retries=3, retry_delay_seconds=2)
    assert (filled.retries, filled.retry_delay) == (3, 2)
    own = policy(max_retries=3, retry_delay_seconds=2, retries=1, retry_delay=5)
    assert (own.retries, own.retry_delay) == (1, 5)
    assert (policy().retries, policy().retry_delay) == (None, None)


@pytest.mark.parametrize("policy", [FlowRunPolicy, TaskRunPolicy])
def test_who_reads_a_deprecated_field_is_told(policy: Any) -> None:
    with pytest.warns(DeprecationWarning, match="retries says it"):
        assert policy().max_retries == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert policy().model_dump()["max_retries"] == 0


def test_there_are_at_most_fifty_delays() -> None:
    assert TaskRunPolicy(retry_delay=[1] * 50).retry_delay == [1] * 50
    with pytest.raises(ValidationError, match="more than 50 retry delays"):
        TaskRunPolicy(retry_delay=[1] * 51)


def test_jitter_is_not_negative() -> None:
    assert TaskRunPolicy(retry_jitter_factor=0).retry_jitter_factor == 0
    with pytest.raises(ValidationError, match="`retry_jitter_factor` must be >= 0"):
        TaskRunPolicy(retry_jitter_factor=-0.1)


def test_a_delay_may_be_a_fraction_of_a_second() -> None:
    assert TaskRunPolicy(retry_delay=0.5).retry_delay == 0.5


def test_a_flow_is_retried_after_whole_seconds_that_are_no_fewer() -> None:
    assert FlowRunPolicy(retry_delay_seconds=0.5).retry_delay == 1


@pytest.mark.parametrize("policy", [FlowRunPolicy, TaskRunPolicy])
@pytest.mark.parametrize("given", ["1e400", "-1e10", "10000000000", "NaN"])
@pytest.mark.parametrize("field", ["retry_delay", "retry_delay_seconds"])
def test_a_delay_leads_to_an_instant_that_has_a_date(policy: Any, given: str, field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        policy.model_validate({field: json.loads(given)})


@pytest.mark.parametrize("factor", [float("nan"), float("inf")])
def test_jitter_is_a_number(factor: float) -> None:
    with pytest.raises(ValidationError, match="retry_jitter_factor"):
        TaskRunPolicy(retry_jitter_factor=factor)


def test_an_input_is_the_json_value_that_its_text_is() -> None:
    found = FlowRunInput(flow_run_id=FLOW, key="a-1", value='{"a": [1]}')
    assert found.decoded_value == {"a": [1]}
    with pytest.raises(ValueError, match="Expecting value"):
        _ = FlowRunInput(flow_run_id=FLOW, key="a-1", value="no").decoded_value


@pytest.mark.parametrize("key", ["A", "a_b", "a b", "", "a\n"])
def test_other_characters_in_keys_are_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="lowercase letters, numbers, and dashes"):
        FlowRunInput(flow_run_id=FLOW, key=key, value="1")
