"""How a limit counts: slots that decay, slots taken and given, and when to ask again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from events.slots import Limit
from services.rules.slots.counting import (
    SPREAD,
    as_of,
    least_of,
    retry_after,
    seen,
    tag_delay,
    with_fewer,
    with_more,
)
from tests.support.examples import NOON, RUN, SECOND

LIMIT = Limit(id=RUN, name="db", limit=10, active_slots=6, created=NOON, updated=NOON)
FRACTIONS = st.floats(0, 1, exclude_max=True)
limits = st.builds(
    Limit,
    id=st.just(RUN),
    name=st.sampled_from(["db", "tag:db"]),
    limit=st.integers(1, 100),
    active_slots=st.integers(0, 200),
    denied_slots=st.integers(0, 200),
    slot_decay_per_second=st.just(0.0) | st.floats(0.001, 1_000),
    avg_slot_occupancy_seconds=st.floats(0.01, 1_000),
    created=st.just(NOON),
    updated=st.just(NOON),
)


@pytest.mark.parametrize(
    ("seconds", "left"), [(0, 6), (3, 5), (4, 4), (13, 0), (1_000, 0), (-60, 6)]
)
def test_whole_slots_decay(seconds: int, left: int) -> None:
    """Edge case 46: counted from when the limit was last written."""
    decaying = structs.replace(LIMIT, slot_decay_per_second=0.5)
    assert as_of(decaying, NOON + seconds * SECOND).active_slots == left


@pytest.mark.parametrize(
    ("name", "occupancy", "decay", "left"),
    [
        ("db", 2.0, 0.0, 4),
        ("db", 100.0, 0.0, 19),
        ("tag:db", 100.0, 0.0, 17),
        ("db", 0.0, 0.0, 0),
        ("db", 2.0, 0.5, 4),
    ],
)
def test_denials_are_forgotten_as_slots_come_free(
    name: str, occupancy: float, decay: float, left: int
) -> None:
    denied = structs.replace(
        LIMIT,
        name=name,
        denied_slots=20,
        avg_slot_occupancy_seconds=occupancy,
        slot_decay_per_second=decay,
    )
    assert as_of(denied, NOON + 33 * SECOND).denied_slots == left


def test_a_clock_behind_the_limit_does_not_turn_it_back() -> None:
    assert as_of(LIMIT, NOON - SECOND).updated == NOON


def test_how_long_slots_were_taken_moves_the_average() -> None:
    freed = with_fewer(LIMIT, 2, 0, 12.0)
    assert freed.active_slots == 4
    assert freed.avg_slot_occupancy_seconds == pytest.approx(2.0 + 6.0 / 20 - 2.0 / 20)
    assert with_fewer(LIMIT, 2, 0, 0.0).avg_slot_occupancy_seconds == 2.0
    assert with_fewer(LIMIT, 2, 0, 0.001).avg_slot_occupancy_seconds == pytest.approx(1.905)


def test_what_leases_hold_is_not_counted_away_unless_it_decays() -> None:
    assert least_of(LIMIT, 1, 4) == 4
    assert least_of(structs.replace(LIMIT, slot_decay_per_second=1.0), 1, 4) == 1
    assert least_of(LIMIT, -3, 0) == 0


@given(limit=limits, slots=st.integers(1, 100), age=st.floats(0, 100_000))
def test_what_is_taken_and_given_again_changes_no_count(
    limit: Limit, slots: int, age: float
) -> None:
    now = as_of(limit, NOON + timedelta(seconds=age))
    assert with_fewer(with_more(now, slots), slots, 0, None) == now


@given(limit=limits, first=st.integers(0, 5_000), second=st.integers(0, 5_000))
def test_counting_never_finds_more_than_before(limit: Limit, first: int, second: int) -> None:
    earlier = as_of(limit, NOON + first * SECOND)
    later = as_of(limit, NOON + (first + second) * SECOND)
    assert 0 <= later.active_slots <= earlier.active_slots <= limit.active_slots
    assert 0 <= later.denied_slots <= earlier.denied_slots <= limit.denied_slots


@given(some=st.lists(limits, min_size=1, max_size=4), slots=st.integers(1, 100), fraction=FRACTIONS)
def test_who_waits_for_slots_waits_no_longer_than_the_slowest_limit(
    some: list[Limit], slots: int, fraction: float
) -> None:
    queues = [
        (slots + each.denied_slots) / each.slot_decay_per_second
        if each.slot_decay_per_second
        else (10.0 if each.name == "tag:db" else 30.0)
        for each in some
    ]
    assert 0 <= retry_after(some, slots, fraction) <= max(queues) * (1 + SPREAD) + 1e-6


def test_a_rate_limit_tells_when_its_next_slots_come() -> None:
    rate = structs.replace(LIMIT, slot_decay_per_second=2.0, denied_slots=3)
    assert 0.75 * 2 < retry_after([rate], 1, 0.0) < retry_after([rate], 1, 0.999) <= 1.3 * 2


@given(some=st.lists(limits, min_size=1, max_size=4), fraction=FRACTIONS)
def test_a_task_run_waits_whole_seconds_and_ten_at_most(some: list[Limit], fraction: float) -> None:
    seconds = tag_delay([seen(each) for each in some], fraction)
    assert 0 <= seconds <= round(10 * (1 + SPREAD))


def test_a_task_run_waits_for_the_fullest_limit() -> None:
    slow = structs.replace(LIMIT, active_slots=10, avg_slot_occupancy_seconds=8.0)
    quick = structs.replace(LIMIT, avg_slot_occupancy_seconds=0.1)
    assert tag_delay([seen(quick), seen(slow)], 0.5) > 5
    unknown = structs.replace(slow, avg_slot_occupancy_seconds=0.0)
    assert tag_delay([seen(unknown)], 0.5) > 7
