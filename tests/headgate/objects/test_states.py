"""A state knows what it is called, what it may be asked, and how it is copied and shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs
from pydantic import ValidationError

from events import states as stored
from headgate import clock
from headgate.objects import State, StateDetails, StateType
from headgate.objects.states import StateCreate

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
KEPT = {
    "storage_key": "k",
    "expiration": None,
    "serializer": {"type": "json"},
    "prefect_version": "3.9.1",
    "storage_block_id": None,
}


def a_state(type: StateType = StateType.COMPLETED, **more: Any) -> State:
    return State(type=type, **more)


@pytest.mark.parametrize("type", StateType)
def test_a_state_without_a_name_is_called_as_its_type(type: StateType) -> None:
    assert a_state(type).name == stored.DEFAULT_NAMES[type]
    assert a_state(type, name="").name == ""


def test_a_scheduled_state_without_a_time_is_due_now() -> None:
    details, before = StateDetails(pause_key="k"), clock.now()
    state = a_state(StateType.SCHEDULED, state_details=details)
    due = state.state_details.scheduled_time
    assert due is not None
    assert before <= due <= clock.now()
    assert state.state_details.pause_key == "k"
    assert details.scheduled_time is None
    given = a_state(StateType.SCHEDULED, state_details=StateDetails(scheduled_time=NOON))
    assert given.state_details.scheduled_time == NOON
    assert a_state(StateType.PENDING).state_details.scheduled_time is None


@pytest.mark.parametrize("type", StateType)
def test_the_same_questions_have_the_same_answers_as_in_the_log(type: StateType) -> None:
    state = a_state(type)
    logged = stored.State(id=state.id, type=type, name=str(state.name), timestamp=state.timestamp)
    questions = [name for name in dir(logged) if name.startswith("is_")]
    assert len(questions) == 10
    for question in questions:
        assert getattr(state, question)() is getattr(logged, question)()


def test_details_are_those_of_the_log() -> None:
    assert tuple(StateDetails.model_fields) == stored.StateDetails.__struct_fields__
    logged = structs.asdict(stored.StateDetails())
    assert StateDetails().model_dump() == logged


@pytest.mark.parametrize("copy", [State.copy, State.model_copy, State.fresh_copy])
def test_a_copy_is_entered_now(copy: Any) -> None:
    state = a_state(timestamp=NOON, message="m", data={"x": 1})
    copied = copy(state)
    assert copied.timestamp > NOON
    assert (copied.type, copied.name, copied.message, copied.data) == (
        *(state.type, state.name, state.message, state.data),
    )
    assert state.timestamp == NOON


def test_a_copy_keeps_its_id_unless_it_is_a_fresh_one() -> None:
    state = a_state(created=NOON, updated=NOON)
    assert state.copy().id == state.model_copy().id == state.id
    fresh, anew = state.fresh_copy(), state.copy(reset_fields=True)
    assert len({state.id, fresh.id, anew.id}) == 3
    assert fresh.created == fresh.updated == fresh.timestamp
    assert (anew.created, anew.updated) == (None, None)


def test_a_copy_may_say_when_it_is_entered_and_what_else_is_new() -> None:
    at = NOON + timedelta(hours=1)
    copied = a_state(timestamp=NOON).model_copy(update={"timestamp": at, "message": "m"})
    assert (copied.timestamp, copied.message) == (at, "m")
    assert a_state().copy(update={"message": "n"}).message == "n"


def test_a_fresh_copy_shares_nothing() -> None:
    state = a_state(data={"x": [1]})
    state.fresh_copy().data["x"].append(2)
    assert state.data == {"x": [1]}


@pytest.mark.parametrize(
    ("state", "text", "whole"),
    [
        (a_state(), "Completed()", "Completed(message=None, type=COMPLETED, result=None)"),
        (
            a_state(message="m", data=5),
            "Completed('m')",
            "Completed(message='m', type=COMPLETED, result=5)",
        ),
        (
            a_state(name="X"),
            "X(type=COMPLETED)",
            "X(message=None, type=COMPLETED, result=None)",
        ),
        (
            a_state(name="X", message="m"),
            "X('m', type=COMPLETED)",
            "X(message='m', type=COMPLETED, result=None)",
        ),
    ],
)
def test_a_state_is_shown(state: State, text: str, whole: str) -> None:
    assert (str(state), repr(state)) == (text, whole)


def test_states_of_the_same_run_time_and_type_have_the_same_hash() -> None:
    details = StateDetails(flow_run_id=clock.new_id())
    one = a_state(timestamp=NOON, state_details=details)
    other = a_state(timestamp=NOON, state_details=details, message="m")
    assert hash(one) == hash(other)
    assert hash(one) != hash(a_state(StateType.FAILED, timestamp=NOON, state_details=details))
    assert hash(one) != hash(a_state(timestamp=NOON))


def test_a_state_is_made_of_a_stored_one_without_its_result() -> None:
    details = stored.StateDetails(flow_run_id=clock.new_id())
    logged = stored.State(
        id=clock.new_id(), type=StateType.FAILED, name="F", timestamp=NOON, data=1,
        state_details=details,
    )  # fmt: skip
    state = State.from_orm_without_result(logged)
    assert (state.id, state.type, state.name, state.timestamp) == (
        *(logged.id, logged.type, logged.name, logged.timestamp),
    )
    assert state.state_details.flow_run_id == details.flow_run_id
    assert state.data is None
    assert State.from_orm_without_result(logged, with_data=2).data == 2


def test_data_is_stored_by_itself() -> None:
    state = a_state(data=5)
    assert state.orm_dict() == {
        name: value for name, value in state.model_dump().items() if name != "data"
    }
    assert "message" not in state.orm_dict(exclude_none=True)


@pytest.mark.parametrize(
    ("data", "proposed"),
    [
        (5, None),
        ({"x": 1}, None),
        (KEPT, KEPT),
        ({"type": "literal", "value": 5}, {"type": "literal", "value": 5}),
    ],
)
def test_data_is_proposed_only_when_it_is_a_result(data: Any, proposed: Any) -> None:
    state = a_state(name="X", message="m", data=data)
    made = state.to_state_create()
    assert (made.type, made.name, made.message) == (StateType.COMPLETED, "X", "m")
    assert made.state_details == state.state_details
    assert made.model_dump(mode="json")["data"] == proposed


def test_a_result_that_was_not_persisted_is_none() -> None:
    assert a_state(data={"type": "unpersisted"}).data is None


def test_who_proposes_chooses_neither_id_nor_timestamp() -> None:
    with pytest.raises(ValidationError, match="timestamp"):
        StateCreate.model_validate({"type": "RUNNING", "timestamp": str(NOON)})


def test_a_type_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValidationError, match="type"):
        State.model_validate({"type": "DREAMING"})
