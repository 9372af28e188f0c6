"""A timer is a kind, a flow run and the state that it was set for; its text is its identity."""

from datetime import datetime
from typing import Literal, cast, get_args
from uuid import UUID

from msgspec import Struct

from events.proposals import FireTimer, TimerKind

KINDS = frozenset(get_args(TimerKind))
CASCADE: Literal["cascade"] = "cascade"


class Timer(Struct, frozen=True):
    """What is due at some instant, unless the run leaves the state before."""

    kind: TimerKind
    flow_run_id: UUID
    state_id: UUID

    def __str__(self) -> str:
        return f"{self.kind} {self.flow_run_id} {self.state_id}"


class Cascade(Struct, frozen=True):
    """A flow run was cancelled, or is gone, since *ended_ms*: its children are to end as well."""

    flow_run_id: UUID
    state_id: UUID
    ended_ms: int

    def __str__(self) -> str:
        return f"{CASCADE} {self.flow_run_id} {self.state_id} {self.ended_ms}"


def timer_of(text: str) -> Timer | Cascade:
    """What has this text; ValueError when nothing has."""
    kind, flow_run_id, state_id, *more = text.split(" ")
    run, state = UUID(flow_run_id), UUID(state_id)
    if kind == CASCADE:
        (ended_ms,) = more
        return Cascade(run, state, int(ended_ms))
    if kind not in KINDS or more:
        raise ValueError(f"there are no timers called {kind!r}")
    return Timer(cast("TimerKind", kind), run, state)


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
