"""The fourteen states by name and the two that pause, with every error they can make."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.states import ProposedState, StateDetails, StateType
from events.states import constructors as make

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

Constructor = Callable[..., ProposedState]

NAMED: list[tuple[Constructor, str, str]] = [
    (make.Scheduled, "SCHEDULED", "Scheduled"),
    (make.Late, "SCHEDULED", "Late"),
    (make.AwaitingRetry, "SCHEDULED", "AwaitingRetry"),
    (make.AwaitingConcurrencySlot, "SCHEDULED", "AwaitingConcurrencySlot"),
    (make.Pending, "PENDING", "Pending"),
    (make.Submitting, "PENDING", "Submitting"),
    (make.InfrastructurePending, "PENDING", "InfrastructurePending"),
    (make.Running, "RUNNING", "Running"),
    (make.Retrying, "RUNNING", "Retrying"),
    (make.Completed, "COMPLETED", "Completed"),
    (make.Failed, "FAILED", "Failed"),
    (make.Crashed, "CRASHED", "Crashed"),
    (make.Cancelled, "CANCELLED", "Cancelled"),
    (make.Cancelling, "CANCELLING", "Cancelling"),
    (make.Paused, "PAUSED", "Paused"),
    (make.Suspended, "PAUSED", "Suspended"),
]
SCHEDULING = [make.Scheduled, make.Late, make.AwaitingRetry, make.AwaitingConcurrencySlot]
PAUSING = [make.Paused, make.Suspended]


def test_these_are_all_there_are() -> None:
    assert [constructor for constructor, _, _ in NAMED] == list(make.CONSTRUCTORS)


@pytest.mark.parametrize(("constructor", "kind", "name"), NAMED)
def test_a_constructor_gives_its_kind_and_name(
    constructor: Constructor, kind: str, name: str
) -> None:
    state = constructor()

    assert (state.type, state.name, state.message, state.data) == (
        StateType(kind),
        name,
        None,
        None,
    )


@pytest.mark.parametrize(("constructor", "kind", "name"), NAMED)
def test_what_is_given_is_taken(constructor: Constructor, kind: str, name: str) -> None:
    given: dict[str, Any] = {"name": "Mine", "message": "so", "data": {"type": "reference"}}
    state = constructor(**given, state_details=StateDetails(cache_key="k"))

    assert (state.type, state.name, state.message) == (StateType(kind), "Mine", "so")
    assert state.data == {"type": "reference"}
    assert state.state_details.cache_key == "k"


@pytest.mark.parametrize("constructor", SCHEDULING)
def test_a_scheduled_state_keeps_its_time_in_the_details(constructor: Constructor) -> None:
    assert constructor(NOON).state_details.scheduled_time == NOON
    assert constructor(scheduled_time=NOON).state_details.scheduled_time == NOON
    assert constructor().state_details.scheduled_time is None


@pytest.mark.parametrize("constructor", SCHEDULING)
def test_a_scheduled_time_is_given_once(constructor: Constructor) -> None:
    details = StateDetails(scheduled_time=NOON)

    assert constructor(state_details=details).state_details == details
    with pytest.raises(
        ValueError, match=r"^An extra scheduled_time was provided in state_details$"
    ):
        constructor(NOON, state_details=details)


def test_pausing_keeps_the_process_unless_rescheduled_and_suspending_never_does() -> None:
    assert make.Paused().state_details.pause_reschedule is False
    assert make.Paused(reschedule=True).state_details.pause_reschedule is True
    assert make.Suspended().state_details.pause_reschedule is True


@pytest.mark.parametrize("constructor", PAUSING)
def test_a_pause_ends_at_a_time_or_after_seconds(constructor: Constructor) -> None:
    by_time = constructor(pause_expiration_time=NOON + HOUR, pause_key="approve")
    by_seconds = constructor(now=NOON, timeout_seconds=3_600, pause_key="approve")

    assert by_time == by_seconds
    assert by_time.state_details.pause_timeout == NOON + HOUR
    assert by_time.state_details.pause_key == "approve"
    assert constructor().state_details.pause_timeout is None


@pytest.mark.parametrize("constructor", PAUSING)
def test_no_seconds_at_all_is_a_timeout_too(constructor: Constructor) -> None:
    assert constructor(now=NOON, timeout_seconds=0).state_details.pause_timeout == NOON


@pytest.mark.parametrize("constructor", PAUSING)
def test_a_pause_takes_its_timeout_from_the_details(constructor: Constructor) -> None:
    details = StateDetails(pause_timeout=NOON)

    assert constructor(state_details=details).state_details.pause_timeout == NOON


@pytest.mark.parametrize("constructor", PAUSING)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"now": NOON, "timeout_seconds": 1, "pause_expiration_time": NOON},
            "Cannot supply both a pause_expiration_time and timeout_seconds",
        ),
        (
            {"now": NOON, "timeout_seconds": 1, "state_details": StateDetails(pause_timeout=NOON)},
            "An extra pause timeout was provided in state_details",
        ),
        (
            {"pause_expiration_time": NOON, "state_details": StateDetails(pause_timeout=NOON)},
            "An extra pause timeout was provided in state_details",
        ),
        (
            {"timeout_seconds": 1},
            "timeout_seconds counts from now: supply now, or a pause_expiration_time",
        ),
    ],
)
def test_a_deadline_is_given_once(
    constructor: Constructor, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        constructor(**given)
