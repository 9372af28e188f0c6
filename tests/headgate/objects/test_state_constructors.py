"""The states by name are objects that say the same as those of the log."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.states import StateDetails as Stored
from events.states import constructors as stored
from headgate import clock, objects
from headgate.objects import Completed, Late, Paused, Scheduled, State, StateDetails, Suspended

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
NAMES = [each.__name__ for each in stored.CONSTRUCTORS]
SCHEDULING = {"Scheduled", "Late", "AwaitingRetry", "AwaitingConcurrencySlot"}


@pytest.mark.parametrize("name", NAMES)
def test_a_constructor_makes_the_object_that_the_log_has_too(name: str) -> None:
    assert name in objects.__all__
    make, logged = getattr(objects, name), getattr(stored, name)
    given = {"message": "m", "data": {"x": 1}}
    state, expected = make(**given), logged(**given)
    assert isinstance(state, State)
    assert (state.type, state.name, state.message, state.data) == (
        *(expected.type, expected.name, expected.message, expected.data),
    )
    assert (make.__name__, make.__doc__) == (name, logged.__doc__)
    assert (state.state_details.scheduled_time is not None) is (name in SCHEDULING)
    assert make(name="mine").name == "mine"


def test_details_are_kept() -> None:
    run, details = clock.new_id(), StateDetails(run_input_keyset={"a": "b"}, pause_timeout=NOON)
    details.flow_run_id = run
    for made in (Completed(state_details=details), Paused(state_details=details)):
        assert made.state_details == details
        assert made.state_details is not details
    assert set(StateDetails.model_fields) == set(Stored.__struct_fields__)


def test_a_time_is_given_once() -> None:
    assert Scheduled(NOON).state_details.scheduled_time == NOON
    assert Late(scheduled_time=NOON).name == "Late"
    with pytest.raises(ValueError, match="An extra scheduled_time"):
        Scheduled(NOON, state_details=StateDetails(scheduled_time=NOON))


@pytest.mark.parametrize("make", [Paused, Suspended])
def test_a_pause_counts_from_now(make: Any) -> None:
    before = clock.now()
    deadline = make(timeout_seconds=60, pause_key="k").state_details.pause_timeout
    assert before <= deadline - timedelta(seconds=60) <= clock.now()
    assert make(pause_expiration_time=NOON).state_details.pause_timeout == NOON
    assert make().state_details.pause_timeout is None
    assert make().state_details.pause_reschedule is (make is Suspended)
    with pytest.raises(ValueError, match="Cannot supply both"):
        make(timeout_seconds=1, pause_expiration_time=NOON)


def test_what_is_made_can_be_proposed() -> None:
    proposed = Completed(message="m", data={"type": "literal", "value": 5}).to_state_create()
    assert (proposed.name, proposed.message) == ("Completed", "m")
    assert proposed.data == {"type": "literal", "value": 5}
