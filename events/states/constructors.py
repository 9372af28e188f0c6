"""The fourteen states by name, as proposals to enter them.

Time is an argument, as everywhere in the language: what depends on it takes *now*. A scheduled
state without a time is due at the instant its proposal is taken in.
"""

from datetime import datetime, timedelta
from typing import Any, Unpack

from msgspec import structs
from typing_extensions import TypedDict

from . import NO_DETAILS, ProposedState, StateDetails, StateType


class Content(TypedDict, total=False):
    """What every constructor takes: name, message, data and details."""

    name: str | None
    message: str | None
    data: Any
    state_details: StateDetails


def _state(type: StateType, name: str, content: Content) -> ProposedState:
    given = content.get("name")
    return ProposedState(
        type=type,
        name=name if given is None else given,
        message=content.get("message"),
        data=content.get("data"),
        state_details=content.get("state_details", NO_DETAILS),
    )


def _scheduled(name: str, scheduled_time: datetime | None, content: Content) -> ProposedState:
    details = content.get("state_details", NO_DETAILS)
    if scheduled_time is not None:
        if details.scheduled_time is not None:
            raise ValueError("An extra scheduled_time was provided in state_details")
        content["state_details"] = structs.replace(details, scheduled_time=scheduled_time)
    return _state(StateType.SCHEDULED, name, content)


def Scheduled(scheduled_time: datetime | None = None, **content: Unpack[Content]) -> ProposedState:
    """Due at *scheduled_time*; ValueError when the details name a time as well."""
    return _scheduled("Scheduled", scheduled_time, content)


def Late(scheduled_time: datetime | None = None, **content: Unpack[Content]) -> ProposedState:
    """Scheduled, and overdue."""
    return _scheduled("Late", scheduled_time, content)


def AwaitingRetry(
    scheduled_time: datetime | None = None, **content: Unpack[Content]
) -> ProposedState:
    """Scheduled to run again after a failure."""
    return _scheduled("AwaitingRetry", scheduled_time, content)


def AwaitingConcurrencySlot(
    scheduled_time: datetime | None = None, **content: Unpack[Content]
) -> ProposedState:
    """Scheduled to ask again for a slot."""
    return _scheduled("AwaitingConcurrencySlot", scheduled_time, content)


def Pending(**content: Unpack[Content]) -> ProposedState:
    """Claimed, about to run."""
    return _state(StateType.PENDING, "Pending", content)


def Submitting(**content: Unpack[Content]) -> ProposedState:
    """Pending, handed to infrastructure."""
    return _state(StateType.PENDING, "Submitting", content)


def InfrastructurePending(**content: Unpack[Content]) -> ProposedState:
    """Pending, infrastructure being made."""
    return _state(StateType.PENDING, "InfrastructurePending", content)


def Running(**content: Unpack[Content]) -> ProposedState:
    """Executing."""
    return _state(StateType.RUNNING, "Running", content)


def Retrying(**content: Unpack[Content]) -> ProposedState:
    """Executing again after a failure."""
    return _state(StateType.RUNNING, "Retrying", content)


def Completed(**content: Unpack[Content]) -> ProposedState:
    """Ended well."""
    return _state(StateType.COMPLETED, "Completed", content)


def Failed(**content: Unpack[Content]) -> ProposedState:
    """Ended by its own error."""
    return _state(StateType.FAILED, "Failed", content)


def Crashed(**content: Unpack[Content]) -> ProposedState:
    """Ended by its infrastructure."""
    return _state(StateType.CRASHED, "Crashed", content)


def Cancelled(**content: Unpack[Content]) -> ProposedState:
    """Ended on request."""
    return _state(StateType.CANCELLED, "Cancelled", content)


def Cancelling(**content: Unpack[Content]) -> ProposedState:
    """Asked to end, not ended yet."""
    return _state(StateType.CANCELLING, "Cancelling", content)


class Pause(Content, total=False):
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
            raise ValueError(
                "timeout_seconds counts from now: supply now, or a pause_expiration_time"
            )
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
