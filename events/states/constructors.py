"""The fourteen states by name, as proposals to enter them.

Time is an argument, as everywhere in the language: what depends on it takes *now*. A scheduled
state without a time is due at the instant its proposal is taken in.
"""

from datetime import datetime, timedelta
from typing import Any, Unpack

from msgspec import structs
from typing_extensions import TypedDict

from . import DEFAULT_NAMES, NO_DETAILS, ProposedState, StateDetails, StateType


class Common(TypedDict, total=False):
    """What every constructor takes: name, message, data and details."""

    name: str | None
    message: str | None
    data: Any
    state_details: StateDetails


def _state(type: StateType, name: str, common: Common) -> ProposedState:
    given = common.get("name")
    return ProposedState(
        type=type,
        name=name if given is None else given,
        message=common.get("message"),
        data=common.get("data"),
        state_details=common.get("state_details", NO_DETAILS),
    )


def _scheduled(
    name: str, scheduled_time: datetime | None, common: Common
) -> ProposedState:
    details = common.get("state_details", NO_DETAILS)
    if scheduled_time is not None:
        if details.scheduled_time is not None:
            raise ValueError("An extra scheduled_time was provided in state_details")
        common["state_details"] = structs.replace(details, scheduled_time=scheduled_time)
    return _state(StateType.SCHEDULED, name, common)


def Scheduled(
    scheduled_time: datetime | None = None, **common: Unpack[Common]
) -> ProposedState:
    """Due at *scheduled_time*; ValueError when the details name a time as well."""
    return _scheduled("Scheduled", scheduled_time, common)


def Late(scheduled_time: datetime | None = None, **common: Unpack[Common]) -> ProposedState:
    """Scheduled, and overdue."""
    return _scheduled("Late", scheduled_time, common)


def AwaitingRetry(
    scheduled_time: datetime | None = None, **common: Unpack[Common]
) -> ProposedState:
    """Scheduled to run again after a failure."""
    return _scheduled("AwaitingRetry", scheduled_time, common)


def AwaitingConcurrencySlot(
    scheduled_time: datetime | None = None, **common: Unpack[Common]
) -> ProposedState:
    """Scheduled to ask again for a slot."""
    return _scheduled("AwaitingConcurrencySlot", scheduled_time, common)


def Pending(**common: Unpack[Common]) -> ProposedState:
    """Claimed, about to run."""
    return _state(StateType.PENDING, "Pending", common)


def Submitting(**common: Unpack[Common]) -> ProposedState:
    """Pending, handed to infrastructure."""
    return _state(StateType.PENDING, "Submitting", common)


def InfrastructurePending(**common: Unpack[Common]) -> ProposedState:
    """Pending, infrastructure being made."""
    return _state(StateType.PENDING, "InfrastructurePending", common)


def Running(**common: Unpack[Common]) -> ProposedState:
    """Executing."""
    return _state(StateType.RUNNING, "Running", common)


def Retrying(**common: Unpack[Common]) -> ProposedState:
    """Executing again after a failure."""
    return _state(StateType.RUNNING, "Retrying", common)


def Completed(**common: Unpack[Common]) -> ProposedState:
    """Ended well."""
    return _state(StateType.COMPLETED, "Completed", common)


def Failed(**common: Unpack[Common]) -> ProposedState:
    """Ended by its own error."""
    return _state(StateType.FAILED, "Failed", common)


def Crashed(**common: Unpack[Common]) -> ProposedState:
    """Ended by its infrastructure."""
    return _state(StateType.CRASHED, "Crashed", common)


def Cancelled(**common: Unpack[Common]) -> ProposedState:
    """Ended on request."""
    return _state(StateType.CANCELLED, "Cancelled", common)


def Cancelling(**common: Unpack[Common]) -> ProposedState:
    """Asked to end, not ended yet."""
    return _state(StateType.CANCELLING, "Cancelling", common)


class Pause(Common, total=False):
    """What pausing states take besides: a deadline, given in one way, and a key."""

    now: datetime
    timeout_seconds: float | None
    pause_expiration_time: datetime | None
    pause_key: str | None


def _paused(name: str, reschedule: bool, pause: Pause) -> ProposedState:
    details = pause.get("state_details", NO_DETAILS)
    expiration, seconds = pause.get("pause_expiration_time"), pause.get("timeout_seconds")
    if expiration is not None and seconds is not None:
        raise ValueError("Cannot supply both a pause_expiration_time and timeout_seconds")
    if seconds is not None:
        now = pause.get("now")
        if now is None:
            raise ValueError("timeout_seconds counts from now: supply now, or a pause_expiration_time")
        expiration = now + timedelta(seconds=seconds)
    if expiration is not None and details.pause_timeout is not None:
        raise ValueError("An extra pause timeout was provided in state_details")
    pause["state_details"] = structs.replace(
        details,
        pause_timeout=expiration or details.pause_timeout,
        pause_reschedule=reschedule,
        pause_key=pause.get("pause_key"),
    )
    return _state(StateType.PAUSED, name, pause)


def Paused(*, reschedule: bool = False, **pause: Unpack[Pause]) -> ProposedState:
    """Waiting, its process kept. ValueError when the deadline is given twice."""
    return _paused("Paused", reschedule, pause)


def Suspended(**pause: Unpack[Pause]) -> ProposedState:
    """Waiting, its process gone; resuming schedules it anew."""
    return _paused("Suspended", True, pause)


CONSTRUCTORS = (
    Scheduled, Late, AwaitingRetry, AwaitingConcurrencySlot,
    Pending, Submitting, InfrastructurePending, Running, Retrying,
    Completed, Failed, Crashed, Cancelled, Cancelling, Paused, Suspended,
)  # fmt: skip
