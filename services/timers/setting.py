"""Which timers a decision sets and which it removes, from what the decision says alone."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from events.changes import FlowRunDeleted, Left, StateEntered
from events.decisions import Decision
from events.entities import Bookkeeping
from events.instants import millis_of
from events.states import DEFAULT_NAMES, State, StateType

from .timer import Timer

SCHEDULED = DEFAULT_NAMES[StateType.SCHEDULED]
"""Only a state of this very name becomes late: not a retry, and nothing that waits for a slot."""

FLOW_RUN = "flow_run:"


class Spans(Struct, frozen=True, kw_only=True):
    """How long after what a timer is due; None for timers that are not wanted."""

    late: timedelta | None = timedelta(seconds=15)
    pause: timedelta | None = timedelta()
    cancelling: timedelta | None = timedelta(seconds=300)


def set_by(decision: Decision, spans: Spans) -> Iterator[tuple[Timer, int | None]]:
    """Timers that *decision* sets, each with its due millisecond, or with None: it removes it."""
    if not decision.subject.startswith(FLOW_RUN):
        return
    run = UUID(decision.subject.removeprefix(FLOW_RUN))
    for change in decision.changes:
        match change:
            case StateEntered(state=state, booked=booked, left=left):
                if left is not None:
                    yield from _removed(run, left)
                yield from _set(run, state, booked, spans)
            case FlowRunDeleted(left=left) if left is not None:
                yield from _removed(run, left)
            case _:
                pass


def _removed(run: UUID, left: Left) -> Iterator[tuple[Timer, None]]:
    match left.type:
        case StateType.SCHEDULED if left.name == SCHEDULED:
            yield Timer("late", run, left.id), None
        case StateType.PAUSED:
            yield Timer("pause", run, left.id), None
        case StateType.CANCELLING:
            yield Timer("cancelling", run, left.id), None
        case _:
            pass


def _set(
    run: UUID, state: State, booked: Bookkeeping, spans: Spans
) -> Iterator[tuple[Timer, int | None]]:
    match state.type:
        case StateType.SCHEDULED if state.name == SCHEDULED:
            start = booked.next_scheduled_start_time
            yield from _due(Timer("late", run, state.id), start, spans.late)
        case StateType.PAUSED:
            deadline = state.state_details.pause_timeout
            yield from _due(Timer("pause", run, state.id), deadline, spans.pause)
        case StateType.CANCELLING:
            yield from _due(Timer("cancelling", run, state.id), state.timestamp, spans.cancelling)
        case _:
            pass


def _due(
    timer: Timer, since: datetime | None, span: timedelta | None
) -> Iterator[tuple[Timer, int | None]]:
    if since is not None and span is not None:
        # the first whole millisecond after it: a deadline has to be past
        yield timer, millis_of(since) + span // timedelta(milliseconds=1) + 1
