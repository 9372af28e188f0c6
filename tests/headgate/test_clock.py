"""The clock is aware, and what it names sorts by time."""

from datetime import UTC

from events.identity import partition_of
from events.instants import millis_of
from headgate.clock import elapsed_s, new_id, now


def test_now_is_in_utc() -> None:
    assert now().tzinfo is UTC


def test_an_id_says_when_it_was_made() -> None:
    before = millis_of(now())
    id = new_id()
    assert id.version == 7
    assert id.variant == "specified in RFC 4122"
    assert before <= id.int >> 80 <= millis_of(now())


def test_ids_are_spread_over_the_partitions() -> None:
    assert {partition_of(new_id(), 8) for _ in range(500)} == set(range(8))


def test_elapsed_time_never_goes_back() -> None:
    assert elapsed_s() <= elapsed_s()
