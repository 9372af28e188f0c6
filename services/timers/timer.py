"""A timer is a kind, a flow run and the state that it was set for; its text is its identity."""

from datetime import datetime
from typing import cast, get_args
from uuid import UUID

from msgspec import Struct

from events.proposals import FireTimer, TimerKind

KINDS = frozenset(get_args(TimerKind))


class Timer(Struct, frozen=True):
    """What is due at some instant, unless the run leaves the state before."""

    kind: TimerKind
    flow_run_id: UUID
    state_id: UUID

    def __str__(self) -> str:
        return f"{self.kind} {self.flow_run_id} {self.state_id}"


def timer_of(text: str) -> Timer:
    """The timer whose text this is; ValueError when it is none."""
    kind, flow_run_id, state_id = text.split(" ")
    if kind not in KINDS:
        raise ValueError(f"there are no timers called {kind!r}")
    return Timer(cast("TimerKind", kind), UUID(flow_run_id), UUID(state_id))


def proposal_of(timer: Timer, at: datetime) -> FireTimer:
    """The proposal that *timer*, being due, becomes; the same timer always has the same id."""
    return FireTimer(
        id=f"timer {timer}",
        at=at,
        by="timers",
        flow_run_id=timer.flow_run_id,
        timer=timer.kind,
        state_id=timer.state_id,
    )
