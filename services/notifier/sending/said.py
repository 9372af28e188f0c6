"""What became of an attempt to send, in our own words: no address, no stranger's text."""

from typing import Any

from msgspec import Struct

from events.resources.notifications import Sending


class Message(Struct, frozen=True, kw_only=True):
    """What is sent through a block whose data, secrets and all, is *data*."""

    subject: str
    body: str
    block: str
    data: dict[str, Any]


class Said(Struct, frozen=True):
    """What became of it, and why; *is_again* when it did not arrive and may be tried again."""

    outcome: Sending
    detail: str | None = None
    is_again: bool = False


SENT = Said(Sending.SENT)
AGAIN_AFTER = frozenset({429, 503})
"""Statuses by which the other side says that it has not taken it, and might later."""


def failed(detail: str) -> Said:
    """It was not taken, and would not be another time."""
    return Said(Sending.FAILED, detail)


def again(detail: str) -> Said:
    """It did not arrive."""
    return Said(Sending.FAILED, detail, is_again=True)


def unknown(detail: str) -> Said:
    """It may have arrived."""
    return Said(Sending.UNKNOWN, detail)


def answered(status: int) -> Said:
    """What an HTTP status says."""
    if 200 <= status < 300:
        return SENT
    detail = f"the receiver answered {status}"
    if 300 <= status < 400:
        return failed(f"{detail}: redirects are not followed")
    return again(detail) if status in AGAIN_AFTER else failed(detail)
