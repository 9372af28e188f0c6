"""Policies: deprecated fields fill their successors, and delays have a number and a size."""

import pytest
from msgspec import ValidationError, json

from events.policies import FlowRunPolicy, PolicyAmendment, TaskRunPolicy
from events.wire.codec import encode


@pytest.mark.parametrize("policy", [FlowRunPolicy, TaskRunPolicy])
def test_deprecated_fields_fill_their_successors_when_those_are_unset_or_zero(
    policy: type[FlowRunPolicy] | type[TaskRunPolicy],
) -> None:
    filled = policy(max_retries=3, retry_delay_seconds=10)

    assert (filled.retries, filled.retry_delay) == (3, 10)
    assert policy(max_retries=3, retries=0).retries == 3
    assert policy(retry_delay_seconds=10, retry_delay=0).retry_delay == 10
    assert policy(max_retries=3, retries=5).retries == 5
    assert policy(retry_delay_seconds=10, retry_delay=7).retry_delay == 7
    assert (policy().retries, policy().retry_delay) == (None, None)


def test_they_do_so_when_they_come_over_the_wire() -> None:
    read = json.decode(b'{"max_retries":2,"retry_delay_seconds":2.5}', type=FlowRunPolicy)

    assert (read.retries, read.retry_delay) == (2, 3)
    assert encode(read) == (
        b'{"max_retries":2,"retry_delay_seconds":2.5,"retries":2,"retry_delay":3}'
    )


def test_a_task_keeps_fractions_of_seconds_and_a_flow_whole_ones_that_are_no_shorter() -> None:
    assert FlowRunPolicy(retry_delay_seconds=2.1).retry_delay == 3
    assert FlowRunPolicy(retry_delay_seconds=0.5).retry_delay == 1
    assert TaskRunPolicy(retry_delay_seconds=2.9).retry_delay == 2.9


def test_a_task_has_at_most_fifty_delays() -> None:
    delays: list[int | float] = [1] * 50

    assert TaskRunPolicy(retry_delay=delays).retry_delay == delays
    with pytest.raises(
        ValueError, match=r"^Can not configure more than 50 retry delays per task\.$"
    ):
        TaskRunPolicy(retry_delay=[*delays, 1])


def test_jitter_is_not_negative() -> None:
    assert TaskRunPolicy(retry_jitter_factor=0).retry_jitter_factor == 0
    with pytest.raises(ValueError, match=r"^`retry_jitter_factor` must be >= 0\.$"):
        TaskRunPolicy(retry_jitter_factor=-0.1)
    with pytest.raises(ValidationError, match="Expected `float` >= 0"):
        json.decode(b'{"retry_jitter_factor":-0.1}', type=TaskRunPolicy)


@pytest.mark.parametrize(
    "delay", [b"1000000001", b"-1000000001", b"1e10", b"[1,1e10]", b"[1.5,10000000000]"]
)
def test_a_delay_leads_to_an_instant_that_has_a_date(delay: bytes) -> None:
    with pytest.raises(ValidationError):
        json.decode(b'{"retry_delay":%b}' % delay, type=TaskRunPolicy)


@pytest.mark.parametrize(
    ("amendment", "written"),
    [
        (PolicyAmendment(), b"{}"),
        (PolicyAmendment(resuming=False), b'{"resuming":false}'),
        (PolicyAmendment(retry_type=None), b'{"retry_type":null}'),
        (PolicyAmendment(pause_keys=frozenset()), b'{"pause_keys":[]}'),
    ],
)
def test_an_amendment_tells_absent_from_empty(amendment: PolicyAmendment, written: bytes) -> None:
    assert encode(amendment) == written
    assert json.decode(written, type=PolicyAmendment) == amendment
