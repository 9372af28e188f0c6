"""Which timers a decision sets and which it removes, from what the decision says alone."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from events.changes import (
    FlowRunDeleted,
    Left,
    ResourceRemoved,
    ResourceStored,
    StateEntered,
)
from events.decisions import Decision
from events.entities import Bookkeeping
from events.instants import millis_of
from events.resources.deployments import Deployment
from events.slots.folding import lease_timers
from events.states import DEFAULT_NAMES, State, StateType

from .timer import AnyTimer, Cascade, Expiry, Kind, Planning, Timer
from .watching import Silence, watches_set_by

SCHEDULED = DEFAULT_NAMES[StateType.SCHEDULED]
"""Only a state of this very name becomes late: not a retry, and nothing that waits for a slot."""

FLOW_RUN = "flow_run:"

NO_TIME = timedelta()


class Spans(Struct, frozen=True, kw_only=True):
    """How long after what a timer is due."""

    late: timedelta = timedelta(seconds=15)
    cancelling: timedelta = timedelta(seconds=300)
    silence: Silence = Silence()


Periods = Mapping[Kind, timedelta]
"""How far the rounds of a kind are apart; of a kind that is not there, each timer has its own."""

AT_ONCE: Periods = {}

Setting = tuple[AnyTimer, int | None]
"""A timer and the millisecond at which it is due, or None: it is not."""


def in_its_round(due_ms: int, period: timedelta | None) -> int:
    """The millisecond of the first round at or after *due_ms*.

    Rounds begin at multiples of their period, so that several processes agree on them.
    """
    apart_ms = 0 if period is None else period // timedelta(milliseconds=1)
    return due_ms if apart_ms <= 1 else -(-due_ms // apart_ms) * apart_ms


def set_by(decision: Decision, spans: Spans) -> Iterator[Setting]:
    """Timers that *decision* sets, each with its due millisecond, or with None: it removes it."""
    if not decision.subject.startswith(FLOW_RUN):
        yield from _planned(decision)
        yield from watches_set_by(decision, spans.silence)
        for lease_id, expires in lease_timers(decision).items():
            due_ms = None if expires is None else millis_of(expires) + 1
            yield Expiry(lease_id), due_ms
        return
    run = UUID(decision.subject.removeprefix(FLOW_RUN))
    for change in decision.changes:
        match change:
            case StateEntered(state=state, booked=booked, left=left):
                if left is not None:
                    yield from _removed(run, left)
                yield from _set(run, state, booked, spans)
                has_run = left is not None and not _never_began(left)
                if state.type is StateType.CANCELLED and has_run:
                    ended_ms = millis_of(state.timestamp)
                    yield Cascade(run, state.id, ended_ms), ended_ms
            case FlowRunDeleted(left=left) if left is not None:
                yield from _removed(run, left)
                if not _never_began(left):
                    ended_ms = millis_of(decision.at)
                    yield Cascade(run, left.id, ended_ms), ended_ms
            case _:
                pass


def _planned(decision: Decision) -> Iterator[Setting]:
    """Whatever happens to a deployment, its runs are planned anew; mostly they stay as they are."""
    for change in decision.changes:
        match change:
            case ResourceStored(resource=Deployment(id=id)):
                yield Planning(id), millis_of(decision.at)
            case ResourceRemoved(kind="deployment", id=id):
                removed_ms = millis_of(decision.at)
                yield Planning(id), None
                yield Planning(id, removed_ms), removed_ms
            case _:
                pass


def _never_began(left: Left) -> bool:
    """Whether a run cannot have children: it has waited for its first start ever since."""
    return left.type is StateType.SCHEDULED and left.start_time is None


def _removed(run: UUID, left: Left) -> Iterator[Setting]:
    match left.type:
        case StateType.SCHEDULED if left.name == SCHEDULED:
            yield Timer("late", run, left.id), None
        case StateType.PAUSED:
            yield Timer("pause", run, left.id), None
        case StateType.CANCELLING:
            yield Timer("cancelling", run, left.id), None
        case _:
            pass


def _set(run: UUID, state: State, booked: Bookkeeping, spans: Spans) -> Iterator[Setting]:
    match state.type:
        case StateType.SCHEDULED if state.name == SCHEDULED:
            start = booked.next_scheduled_start_time
            yield from _due(Timer("late", run, state.id), start, spans.late)
        case StateType.PAUSED:
            deadline = state.state_details.pause_timeout
            yield from _due(Timer("pause", run, state.id), deadline, NO_TIME)
        case StateType.CANCELLING:
            yield from _due(Timer("cancelling", run, state.id), state.timestamp, spans.cancelling)
        case _:
            pass


def _due(timer: Timer, since: datetime | None, span: timedelta) -> Iterator[Setting]:
    if since is not None:
        # the first whole millisecond after it: a deadline has to be past
        yield timer, millis_of(since) + span // timedelta(milliseconds=1) + 1
