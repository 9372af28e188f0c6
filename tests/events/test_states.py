"""States: their kinds, their names, and when two are the same state."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec import structs

from events.states import (
    DEFAULT_NAMES,
    FINAL,
    State,
    StateDetails,
    StateType,
    is_persisted_result,
    stored_data,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RUNNING = State(id=UUID(int=1), type=StateType.RUNNING, name="Running", timestamp=NOON)


def test_there_are_nine_kinds_and_each_has_a_name() -> None:
    assert DEFAULT_NAMES == {
        StateType.SCHEDULED: "Scheduled",
        StateType.PENDING: "Pending",
        StateType.RUNNING: "Running",
        StateType.COMPLETED: "Completed",
        StateType.FAILED: "Failed",
        StateType.CANCELLED: "Cancelled",
        StateType.CRASHED: "Crashed",
        StateType.PAUSED: "Paused",
        StateType.CANCELLING: "Cancelling",
    }


@pytest.mark.parametrize("kind", StateType)
def test_a_state_knows_its_kind_and_no_other(kind: StateType) -> None:
    state = structs.replace(RUNNING, type=kind)
    says = {
        StateType.SCHEDULED: state.is_scheduled(),
        StateType.PENDING: state.is_pending(),
        StateType.RUNNING: state.is_running(),
        StateType.COMPLETED: state.is_completed(),
        StateType.FAILED: state.is_failed(),
        StateType.CANCELLED: state.is_cancelled(),
        StateType.CRASHED: state.is_crashed(),
        StateType.PAUSED: state.is_paused(),
        StateType.CANCELLING: state.is_cancelling(),
    }

    assert [known for known, so in says.items() if so] == [kind]
    assert state.is_final() == (kind in FINAL)


def test_four_kinds_end_a_run() -> None:
    assert {kind.value for kind in FINAL} == {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}


def test_a_copy_is_the_same_state_entered_again() -> None:
    later = NOON + timedelta(seconds=1)

    assert RUNNING.copied(later) == structs.replace(RUNNING, timestamp=later)


def test_a_fresh_state_has_the_content_and_an_id_of_its_own() -> None:
    later = NOON + timedelta(seconds=1)
    fresh = RUNNING.fresh(UUID(int=2), later)

    assert fresh == structs.replace(RUNNING, id=UUID(int=2), timestamp=later)


def test_a_hash_looks_at_runs_time_and_kind() -> None:
    other_details = StateDetails(flow_run_id=UUID(int=3))

    assert hash(RUNNING) == hash(structs.replace(RUNNING, id=UUID(int=2), message="x", data={}))
    assert hash(RUNNING) != hash(structs.replace(RUNNING, type=StateType.FAILED))
    assert hash(RUNNING) != hash(structs.replace(RUNNING, state_details=other_details))


@pytest.mark.parametrize(
    ("name", "message", "shown"),
    [
        ("Running", None, "Running()"),
        ("RUNNING", "go", "RUNNING('go')"),
        ("Retrying", None, "Retrying(type=RUNNING)"),
        ("Retrying", "go", "Retrying('go', type=RUNNING)"),
    ],
)
def test_a_state_is_shown_by_name_and_by_kind_when_they_differ(
    name: str, message: str | None, shown: str
) -> None:
    assert str(structs.replace(RUNNING, name=name, message=message)) == shown


def test_a_state_for_developers_shows_its_result() -> None:
    state = structs.replace(RUNNING, message="go", data=7)

    assert repr(state) == "Running(message='go', type=RUNNING, result=7)"


@pytest.mark.parametrize(
    ("value", "persisted", "stored"),
    [
        (None, False, None),
        ({}, False, {}),
        ("text", False, "text"),
        ({"type": "reference"}, True, {"type": "reference"}),
        ({"type": "unpersisted"}, False, None),
    ],
)
def test_a_result_that_is_not_persisted_is_not_stored(
    value: object, persisted: bool, stored: object
) -> None:
    assert is_persisted_result(value) is persisted
    assert stored_data(value) == stored
