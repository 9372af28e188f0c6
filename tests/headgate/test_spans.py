"""Spans and instants are understood as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from headgate.cli.spans import instant, span
from headgate.errors import Misused

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", timedelta(seconds=90)),
        ("1.5h", timedelta(minutes=90)),
        ("24h", timedelta(days=1)),
        ("2w", timedelta(days=14)),
    ],
)
def test_a_span_has_a_unit(text: str, meant: timedelta) -> None:
    assert span(text) == meant


@pytest.mark.parametrize("text", ["", "5", "h", "-1h", "1 h", "1y"])
def test_what_is_no_span_is_misuse(text: str) -> None:
    with pytest.raises(Misused, match="is not a span of time"):
        span(text)


def test_what_is_before_all_time_is_misuse() -> None:
    with pytest.raises(Misused, match="999999999999d is longer than can be counted"):
        instant("999999999999d", NOON)
    with pytest.raises(Misused, match="9999999d ago is before all time"):
        instant("9999999d", NOON)


def test_an_instant_is_a_time_or_a_span_before_now() -> None:
    assert instant("15m", NOON) == NOON - timedelta(minutes=15)
    assert instant("2026-11-20T11:00:00", NOON) == NOON - timedelta(hours=1)
    assert instant("2026-11-20T12:00:00+01:00", NOON) == NOON - timedelta(hours=1)
