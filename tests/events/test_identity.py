"""Ids follow from what they identify, sort by time, and say where a run lives."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.identity import (
    cache_id_of,
    derived_id,
    flow_run_id_of,
    fraction_of,
    partition_of,
    task_run_id_of,
)
from events.instants import instant_of, micros_of, millis_of, seconds_between
from tests.support.strategies import INSTANTS

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FLOW = UUID("0190a5b2-6f2e-4a10-9a77-0000000000f1")


@given(INSTANTS, st.text(), st.uuids())
def test_a_derived_id_is_a_uuid_of_version_7(at: datetime, word: str, id: UUID) -> None:
    derived = derived_id(at, word, id, 7)

    assert (derived.version, derived.variant) == (7, "specified in RFC 4122")
    assert derived.int >> 80 == millis_of(at)
    assert derived == derived_id(at, word, id, 7) == UUID(str(derived))
    assert hash(derived) == hash(UUID(str(derived)))


@given(st.lists(INSTANTS, min_size=2, unique_by=millis_of))
def test_derived_ids_sort_by_time(instants: list[datetime]) -> None:
    ids = [derived_id(at, "x") for at in sorted(instants)]

    assert ids == sorted(ids)
    assert [str(id) for id in ids] == sorted(str(id) for id in ids)


def test_derived_ids_differ_by_each_part_and_their_order() -> None:
    ids = {
        derived_id(NOON, "a", "b"),
        derived_id(NOON, "b", "a"),
        derived_id(NOON, "ab"),
        derived_id(NOON, "a", "b", 1),
        derived_id(NOON, "a", "b", "1"),
    }

    assert len(ids) == 5


def test_no_id_holds_an_instant_before_1970() -> None:
    with pytest.raises(ValueError, match="no id holds the instant 1969-12-31"):
        derived_id(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC), "x")


def test_derived_ids_are_storage_format_and_never_change() -> None:
    assert derived_id(NOON, "state", FLOW) == UUID("01a1f8d3-ea00-7e67-a52b-04017ac08e0d")
    assert flow_run_id_of(FLOW, "order-17") == UUID("ce1e6818-4542-54e4-a654-ab5428f81a59")
    assert task_run_id_of(FLOW, "load", "0") == UUID("816362ba-2a63-5fde-97cf-5a70c09e06db")
    assert task_run_id_of(None, "load", "0") == UUID("c71e3855-f4df-5d4d-8065-4a56ff23acb0")


@pytest.mark.parametrize(
    ("id", "partitions", "partition"),
    [
        ("00000000-0000-4000-8000-000000000000", 8, 0),
        ("00000000-0000-4000-8000-00000000000b", 8, 3),
        ("00000000-0000-4000-8000-00000000ffff", 64, 63),
        ("ffffffff-ffff-4fff-bfff-ffffffff0000", 64, 0),
        ("00000000-0000-4000-8000-000000012345", 10, 0x2345 % 10),
    ],
)
def test_a_partition_is_the_last_four_digits_modulo_the_partitions(
    id: str, partitions: int, partition: int
) -> None:
    assert partition_of(UUID(id), partitions) == partition
    assert partition == int(id[-4:], 16) % partitions


@given(INSTANTS)
def test_an_instant_is_a_number_of_microseconds_and_back(instant: datetime) -> None:
    assert instant_of(micros_of(instant)) == instant
    assert millis_of(instant) == micros_of(instant) // 1_000


def test_seconds_between_instants_can_be_negative() -> None:
    assert seconds_between(NOON, instant_of(micros_of(NOON) + 1_500_000)) == 1.5
    assert seconds_between(instant_of(micros_of(NOON) + 1_500_000), NOON) == -1.5


@given(st.text(), st.integers())
def test_a_fraction_follows_from_its_parts(word: str, number: int) -> None:
    assert 0 <= fraction_of(word, number) == fraction_of(word, number) < 1


def test_fractions_are_spread_evenly() -> None:
    fractions = sorted(fraction_of("a run", number) for number in range(1_000))

    assert all(abs(each - place / 1_000) < 0.05 for place, each in enumerate(fractions))


def test_what_is_cached_has_an_id_by_its_key() -> None:
    assert cache_id_of("k") == cache_id_of("k") != cache_id_of("l")
