"""Which timers a decision sets and which it removes, from what the decision says alone."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import structs

from events.changes import (
    Change,
    FlowRunDeleted,
    LeaseRenewed,
    Left,
    ResourceRemoved,
    ResourceStored,
    SlotsGiven,
    SlotsTaken,
    StateEntered,
)
from events.decisions import Decision
from events.entities import Bookkeeping, task_run_key
from events.instants import millis_of
from events.proposals import FireTimer, ReapLease
from events.resources.deployments import Deployment
from events.slots import Lease, lease_key
from events.states import FINAL, State, StateDetails, StateType
from services.timers.setting import Spans, in_its_round, set_by
from services.timers.timer import (
    AnyTimer,
    Cascade,
    Expiry,
    Planning,
    Timer,
    Watch,
    proposal_of,
    timer_of,
)
from tests.support.examples import (
    DEPLOYMENT,
    HOUR,
    LEASE,
    MINUTE,
    NOON,
    RUN,
    SECOND,
    STATE,
    TASK_RUN,
    a_flow_run,
    a_state,
)

SPANS = Spans(late=15 * SECOND, cancelling=300 * SECOND)
BOOKED = Bookkeeping(expected_start_time=NOON, next_scheduled_start_time=NOON + HOUR)


def timers(decision: Decision, spans: Spans = SPANS) -> dict[str, int | None]:
    return {str(timer).replace(f" {RUN}", ""): due for timer, due in set_by(decision, spans)}


def entered(state: State, left: Left | None = None, spans: Spans = SPANS) -> dict[str, int | None]:
    """The timers that a decision sets and removes which enters *state*."""
    made = a_flow_run(state, BOOKED)
    changes = (StateEntered(state=state, booked=BOOKED, left=left),)
    return timers(structs.replace(made, changes=changes), spans)


def left(type: StateType, name: str) -> Left:
    return Left(id=STATE, type=type, name=name, timestamp=NOON)


def ms(instant: Any) -> int:
    return millis_of(instant) + 1


def test_a_scheduled_run_is_late_after_a_while() -> None:
    due = ms(NOON + HOUR + 15 * SECOND)
    assert timers(a_flow_run(a_state(StateType.SCHEDULED), BOOKED)) == {f"late {STATE}": due}


@pytest.mark.parametrize(
    "name", ["Late", "AwaitingRetry", "AwaitingConcurrencySlot", "Resuming", "scheduled", ""]
)
def test_scheduled_states_of_other_names_are_never_late(name: str) -> None:
    """Spec 8.1 and edge case 42."""
    assert timers(a_flow_run(a_state(StateType.SCHEDULED, name), BOOKED)) == {}


def test_a_pause_ends_after_its_deadline() -> None:
    details = StateDetails(pause_timeout=NOON + MINUTE)
    assert entered(a_state(StateType.PAUSED, "Suspended", details=details)) == {
        f"pause {STATE}": ms(NOON + MINUTE)
    }


def test_a_pause_without_a_deadline_lasts() -> None:
    assert entered(a_state(StateType.PAUSED)) == {}


def test_cancelling_ends_some_time_after_it_began() -> None:
    assert entered(a_state(StateType.CANCELLING, timestamp=NOON)) == {
        f"cancelling {STATE}": ms(NOON + 5 * MINUTE)
    }


@pytest.mark.parametrize(
    "type", sorted(FINAL - {StateType.CANCELLED} | {StateType.PENDING, StateType.RUNNING})
)
def test_nothing_is_due_in_other_states(type: StateType) -> None:
    assert entered(a_state(type)) == {}


@pytest.mark.parametrize(
    ("type", "name", "timer"),
    [
        (StateType.SCHEDULED, "Scheduled", "late"),
        (StateType.PAUSED, "Paused", "pause"),
        (StateType.PAUSED, "Suspended", "pause"),
        (StateType.CANCELLING, "Cancelling", "cancelling"),
    ],
)
def test_leaving_a_state_removes_its_timer(type: StateType, name: str, timer: str) -> None:
    assert entered(a_state(StateType.RUNNING), left(type, name)) == {f"{timer} {STATE}": None}


@pytest.mark.parametrize(
    ("type", "name"), [(StateType.SCHEDULED, "Late"), (StateType.RUNNING, "Running")]
)
def test_leaving_a_state_without_a_timer_removes_none(type: StateType, name: str) -> None:
    assert entered(a_state(StateType.COMPLETED), left(type, name)) == {}


def test_a_run_that_is_deleted_has_no_timer() -> None:
    gone = FlowRunDeleted(id=RUN, left=left(StateType.SCHEDULED, "Scheduled"))
    made = a_flow_run()
    assert timers(structs.replace(made, changes=(gone,))) == {f"late {STATE}": None}
    never = FlowRunDeleted(id=RUN)
    assert timers(structs.replace(made, changes=(never,))) == {}


@pytest.mark.parametrize("type", sorted(set(StateType) - {StateType.SCHEDULED}))
def test_the_children_of_a_cancelled_run_are_looked_for_at_once(type: StateType) -> None:
    set_ = entered(a_state(StateType.CANCELLED, timestamp=NOON), left(type, "any"))
    ended = millis_of(NOON)
    assert set_[f"cascade {STATE} {ended}"] == ended


def test_the_children_of_a_run_that_was_deleted_are_looked_for() -> None:
    gone = FlowRunDeleted(id=RUN, left=left(StateType.RUNNING, "Running"))
    deleted = structs.replace(a_flow_run(), changes=(gone,))
    ended = millis_of(deleted.at)
    assert timers(deleted) == {f"cascade {STATE} {ended}": ended}


def test_a_run_that_never_began_has_no_children() -> None:
    waiting = left(StateType.SCHEDULED, "Late")
    assert entered(a_state(StateType.CANCELLED), waiting) == {}
    began = structs.replace(waiting, start_time=NOON)
    assert len(entered(a_state(StateType.CANCELLED), began)) == 1
    assert entered(a_state(StateType.CANCELLED)) == {}


def leased(*changes: Change) -> Decision:
    return structs.replace(a_flow_run(), subject=lease_key(LEASE), changes=changes)


def test_a_lease_ends_unless_it_is_renewed_or_given_back() -> None:
    lease = Lease(id=LEASE, created=NOON, expires=NOON + MINUTE)
    taken = leased(SlotsTaken(slots=1, lease=lease))
    renewed = leased(LeaseRenewed(lease_id=LEASE, expires=NOON + HOUR))
    given = leased(SlotsGiven(slots=1, lease_id=LEASE))
    name = f"lease {LEASE}"
    assert timers(taken) == {name: ms(NOON + MINUTE)}
    assert timers(renewed) == {name: ms(NOON + HOUR)}
    assert timers(given) == {name: None}


def test_whatever_happens_to_a_deployment_its_runs_are_planned_anew() -> None:
    stored = leased(ResourceStored(resource=Deployment(id=DEPLOYMENT, flow_id=RUN, name="x")))
    removed = leased(ResourceRemoved(kind="deployment", id=DEPLOYMENT))
    planning, watch = f"planning {DEPLOYMENT}", f"watch deployment {DEPLOYMENT}"
    at_ms = millis_of(stored.at)
    assert timers(stored) == {planning: at_ms, watch: None}
    assert timers(removed) == {planning: None, f"{planning} {at_ms}": at_ms, watch: None}
    other = leased(ResourceRemoved(kind="variable", id=DEPLOYMENT))
    assert timers(other) == {}


def test_task_runs_have_no_timers() -> None:
    made = structs.replace(a_flow_run(), subject=task_run_key(TASK_RUN))
    changes = (StateEntered(state=a_state(StateType.SCHEDULED), booked=BOOKED),)
    assert timers(structs.replace(made, changes=changes)) == {}


def test_a_run_without_a_time_is_never_late() -> None:
    assert timers(a_flow_run(a_state(StateType.SCHEDULED))) == {}


@pytest.mark.parametrize(
    "timer",
    [
        Timer("late", RUN, STATE),
        Cascade(RUN, STATE, 1234),
        Expiry(LEASE),
        Planning(DEPLOYMENT),
        Planning(DEPLOYMENT, 1234),
        Watch("worker", RUN),
    ],
)
def test_a_timer_is_its_text(timer: AnyTimer) -> None:
    assert timer_of(str(timer)) == timer


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("late", "'late' is no timer"),
        (f"soon {RUN} {STATE}", "is no timer"),
        (f"late {RUN} x", "badly formed"),
        (f"late {RUN} {STATE} 1", "is no timer"),
        (f"cascade {RUN} {STATE}", "is no timer"),
    ],
)
def test_other_texts_are_no_timers(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        timer_of(text)


def test_a_lease_is_due_anew_when_it_was_renewed() -> None:
    first, second = proposal_of(Expiry(LEASE), 1, NOON), proposal_of(Expiry(LEASE), 2, NOON)
    assert first.id != second.id
    assert isinstance(first, ReapLease)
    assert first.lease_id == LEASE


def test_a_timer_always_becomes_the_same_proposal() -> None:
    timer = Timer("pause", RUN, STATE)
    first, second = proposal_of(timer, 1, NOON), proposal_of(timer, 1, NOON + timedelta(1))
    assert isinstance(first, FireTimer)
    assert first.id == second.id == f"timer pause {RUN} {STATE}"
    assert (first.flow_run_id, first.timer, first.state_id) == (RUN, "pause", STATE)


@pytest.mark.parametrize(
    ("due_ms", "seconds", "round_ms"),
    [(1, 5, 5_000), (5_000, 5, 5_000), (5_001, 5, 10_000), (5_001, 0, 5_001), (5_001, None, 5_001)],
)
def test_rounds_begin_at_multiples_of_their_period(
    due_ms: int, seconds: int | None, round_ms: int
) -> None:
    period = None if seconds is None else timedelta(seconds=seconds)
    assert in_its_round(due_ms, period) == round_ms
