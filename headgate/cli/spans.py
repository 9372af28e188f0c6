"""Spans and instants as people type them: `90s`, `15m`, `24h`, `7d`; or a time as ISO 8601 says."""

import re
from datetime import UTC, datetime, timedelta

from ..errors import Misused

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def span(text: str) -> timedelta:
    """The span that *text* says."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if found is None:
        raise Misused(f"{text} is not a span of time; write 90s, 15m, 24h or 7d")
    try:
        return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])
    except OverflowError:
        raise Misused(f"{text} is longer than can be counted") from None


def instant(text: str, now: datetime) -> datetime:
    """The instant that *text* says: a span before *now*, or a time; without a zone it is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return before(text, now)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def before(text: str, now: datetime) -> datetime:
    """The instant that lies the span *text* before *now*."""
    try:
        return now - span(text)
    except OverflowError:
        raise Misused(f"{text} ago is before all time") from None
