"""The states by name, as objects; where a state counts from now, now is filled in."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol, Unpack

from typing_extensions import TypedDict

from events import states as stored
from events.states import constructors

from ... import clock
from . import State, StateDetails


class Content(TypedDict, total=False):
    """What every constructor takes: name, message, data and details."""

    name: str | None
    message: str | None
    data: Any
    state_details: StateDetails


class Pause(Content, total=False):
    """What pausing states take besides: a deadline, given in one way, and a key."""

    timeout_seconds: float | None
    pause_expiration_time: datetime | None
    pause_key: str | None


class _Plain(Protocol):
    def __call__(self, **content: Unpack[Content]) -> State: ...


class _Due(Protocol):
    def __call__(
        self, scheduled_time: datetime | None = None, **content: Unpack[Content]
    ) -> State: ...


class _Paused(Protocol):
    def __call__(self, *, reschedule: bool = False, **pause: Unpack[Pause]) -> State: ...


class _Suspended(Protocol):
    def __call__(self, **pause: Unpack[Pause]) -> State: ...


def _object(propose: Callable[..., stored.ProposedState]) -> Any:
    """The same constructor, which takes and gives objects."""

    def made(*args: Any, **content: Any) -> State:
        if "state_details" in content:
            details = StateDetails.model_validate(content["state_details"])
            content["state_details"] = stored.StateDetails(**dict(details))
        if content.get("timeout_seconds") is not None:
            content["now"] = clock.now()
        proposed = propose(*args, **content)
        return State.from_orm_without_result(proposed, with_data=proposed.data)

    made.__name__ = made.__qualname__ = propose.__name__
    made.__doc__ = propose.__doc__
    return made


Scheduled: _Due = _object(constructors.Scheduled)
Late: _Due = _object(constructors.Late)
AwaitingRetry: _Due = _object(constructors.AwaitingRetry)
AwaitingConcurrencySlot: _Due = _object(constructors.AwaitingConcurrencySlot)
Pending: _Plain = _object(constructors.Pending)
Submitting: _Plain = _object(constructors.Submitting)
InfrastructurePending: _Plain = _object(constructors.InfrastructurePending)
Running: _Plain = _object(constructors.Running)
Retrying: _Plain = _object(constructors.Retrying)
Completed: _Plain = _object(constructors.Completed)
Failed: _Plain = _object(constructors.Failed)
Crashed: _Plain = _object(constructors.Crashed)
Cancelled: _Plain = _object(constructors.Cancelled)
Cancelling: _Plain = _object(constructors.Cancelling)
Paused: _Paused = _object(constructors.Paused)
Suspended: _Suspended = _object(constructors.Suspended)
