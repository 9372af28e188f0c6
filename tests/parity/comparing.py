"""Two answers are the same when everything that both sides must agree on is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from msgspec import Struct, to_builtins

from tests.parity.script import Observation, Seen

IGNORED = {"updated", "exception_detail", "request_body"}
"""When a row was last written, and how an error is worded that names the field."""
NEAR_S = {"delay_seconds": 2.0, "total_run_time": 2.5, "estimated_run_time": 2.5,
          "estimated_start_time_delta": 2.5, "sum_estimated_run_time": 12.0,
          "sum_estimated_lateness": 12.0}  # fmt: skip
"""Seconds by which durations may differ: each side took its own time."""
INVALID = 422
SHOWN_MAX = 200


class Difference(Struct, frozen=True):
    """Where two answers differ, and how."""

    step: int
    kind: str
    place: str
    reference: Any
    headgate: Any

    def __str__(self) -> str:
        sides = f"reference {_short(self.reference)}, Headgate {_short(self.headgate)}"
        return f"step {self.step} {self.kind} {self.place}: {sides}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."


def compare(
    reference: Sequence[Observation], headgate: Sequence[Observation]
) -> Iterator[Difference]:
    """Every difference, in the order of the steps."""
    for number, (theirs, ours) in enumerate(zip(reference, headgate, strict=True), start=1):
        answers = differences(_seen(theirs.answer), _seen(ours.answer))
        for place, one, other in (*answers, *differences(theirs.reads, ours.reads, "then")):
            yield Difference(number, theirs.kind, place, one, other)


def _seen(seen: Seen | None) -> list[Seen]:
    return [] if seen is None else [seen]


def differences(
    reference: Sequence[Seen], headgate: Sequence[Seen], place: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Where the answers of one step differ."""
    if len(reference) != len(headgate):
        yield f"{place}count", len(reference), len(headgate)
    for theirs, ours in zip(reference, headgate, strict=False):
        where = f"{place} {theirs.asked} " if place else ""
        if theirs.status != ours.status:
            yield f"{where}HTTP status", theirs.status, ours.status
        elif theirs.status != INVALID:
            yield from _differing(where, "", to_builtins(theirs.body), to_builtins(ours.body))


def _differing(place: str, key: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        theirs, ours = cast("Mapping[str, Any]", one), cast("Mapping[str, Any]", other)
        for name in sorted({*theirs, *ours} - IGNORED):
            below = f"{place}.{name}" if place else name
            if name not in theirs or name not in ours:
                yield below, theirs.get(name, "(absent)"), ours.get(name, "(absent)")
            else:
                yield from _differing(below, name, theirs[name], ours[name])
    elif isinstance(one, list) and isinstance(other, list):
        first, second = cast("list[Any]", one), cast("list[Any]", other)
        if len(first) != len(second):
            yield f"{place} length", len(first), len(second)
            return
        for number, (left, right) in enumerate(zip(first, second, strict=True)):
            yield from _differing(f"{place}[{number}]", key, left, right)
    elif not _same(key, one, other):
        yield place, one, other


def _same(key: str, one: Any, other: Any) -> bool:
    if key in NEAR_S and isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= NEAR_S[key]
    return type(one) is type(other) and one == other
