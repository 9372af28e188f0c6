"""Instants are exact, and none that was told is beyond reading."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.instants import EARLIEST, LATEST, instant_of, micros_of


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_the_microseconds_that_it_has(instant: datetime) -> None:
    assert instant_of(micros_of(instant)) == instant


@pytest.mark.parametrize(("hours", "nearest"), [(5, EARLIEST), (-5, LATEST)])
def test_what_utc_cannot_say_is_the_nearest_that_it_can(hours: int, nearest: datetime) -> None:
    told = nearest.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert abs(micros_of(told) - micros_of(nearest)) == abs(hours) * 3_600_000_000
    assert instant_of(micros_of(told)) == nearest
    assert instant_of(micros_of(nearest)) == nearest
