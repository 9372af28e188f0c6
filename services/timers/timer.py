"""A timer is a kind, a flow run and the state that it was set for; its text is its identity."""

from datetime import datetime
from typing import Literal, cast, get_args
from uuid import UUID

from msgspec import Struct

from events.proposals import FireTimer, ReapLease, TimerKind

BY = "timers"
"""Who proposes what is due."""

KINDS = frozenset(get_args(TimerKind))


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
        return f"cascade {self.flow_run_id} {self.state_id} {self.ended_ms}"


class Expiry(Struct, frozen=True):
    """A lease that nobody renews ends; one that is renewed is due later."""

    lease_id: UUID

    def __str__(self) -> str:
        return f"lease {self.lease_id}"


class Planning(Struct, frozen=True):
    """Runs of a deployment's schedules are to be planned; or, since *removed_ms*, are not."""

    deployment_id: UUID
    removed_ms: int | None = None

    def __str__(self) -> str:
        since = "" if self.removed_ms is None else f" {self.removed_ms}"
        return f"planning {self.deployment_id}{since}"


class Watch(Struct, frozen=True):
    """A resource may have lost whoever serves it: nobody was heard of for a while."""

    kind: str
    id: UUID

    def __str__(self) -> str:
        return f"watch {self.kind} {self.id}"


Kind = TimerKind | Literal["cascade", "lease", "planning", "watch"]

AnyTimer = Timer | Cascade | Expiry | Planning | Watch


def kind_of(timer: AnyTimer) -> Kind:
    """What kind of timer this is: how its text begins."""
    return cast("Kind", str(timer).partition(" ")[0])


def timer_of(text: str) -> AnyTimer:
    """What has this text; ValueError when nothing has."""
    match text.split(" "):
        case [kind, run, state] if kind in KINDS:
            return Timer(cast("TimerKind", kind), UUID(run), UUID(state))
        case ["cascade", run, state, ended_ms]:
            return Cascade(UUID(run), UUID(state), int(ended_ms))
        case ["lease", lease]:
            return Expiry(UUID(lease))
        case ["planning", deployment]:
            return Planning(UUID(deployment))
        case ["planning", deployment, removed_ms]:
            return Planning(UUID(deployment), int(removed_ms))
        case ["watch", kind, id]:
            return Watch(kind, UUID(id))
        case _:
            raise ValueError(f"{text!r} is no timer")


def proposal_of(timer: Timer | Expiry, due_ms: int, at: datetime) -> FireTimer | ReapLease:
    """The proposal that *timer* becomes, being due; due once, it always has the same id."""
    if isinstance(timer, Expiry):
        return ReapLease(id=f"timer {timer} {due_ms}", at=at, by=BY, lease_id=timer.lease_id)
    return FireTimer(
        id=f"timer {timer}",
        at=at,
        by=BY,
        flow_run_id=timer.flow_run_id,
        timer=timer.kind,
        state_id=timer.state_id,
    )
