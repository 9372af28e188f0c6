"""The states by name, to propose; where a state counts from now, now is filled in."""

from typing import Unpack

from . import clock
from ._language import (
    AwaitingConcurrencySlot,
    AwaitingRetry,
    Cancelled,
    Cancelling,
    Completed,
    Crashed,
    Failed,
    InfrastructurePending,
    Late,
    Pause,
    Pending,
    ProposedState,
    Retrying,
    Running,
    Scheduled,
    Submitting,
    constructors,
)


def Paused(*, reschedule: bool = False, **pause: Unpack[Pause]) -> ProposedState:  # noqa: N802 - as its name is written
    """Waiting, its process kept; `timeout_seconds` counts from now."""
    pause.setdefault("now", clock.now())
    return constructors.Paused(reschedule=reschedule, **pause)


def Suspended(**pause: Unpack[Pause]) -> ProposedState:  # noqa: N802 - as its name is written
    """Waiting, its process gone; `timeout_seconds` counts from now."""
    pause.setdefault("now", clock.now())
    return constructors.Suspended(**pause)


__all__ = [
    "AwaitingConcurrencySlot", "AwaitingRetry", "Cancelled", "Cancelling", "Completed", "Crashed",
    "Failed", "InfrastructurePending", "Late", "Paused", "Pending", "Retrying", "Running",
    "Scheduled", "Submitting", "Suspended",
]  # fmt: skip
