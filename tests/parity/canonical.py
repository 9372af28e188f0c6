"""An answer in names instead of ids and instants, so that two servers' answers can be compared.

An id is called as the step that bound it says, any other by the order of its first appearance.
An instant is called by the step in whose time it lies, before or after a delay that the script
knows; durations by the states that they follow from.
"""

import json
import re
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

from headgate import clock

ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
SLUG = re.compile(r"^[a-z]+-[a-z]+$")
FINAL = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}
SETS = {"pause_keys", "tags"}
NEAR_S = 2.5
"""The reference rounds some durations to seconds, and a reply takes its time."""

HALF_S = 1e-4
"""How exactly an instant lies so many half seconds from one that was given."""

FAR = timedelta(days=9)
"""An instant further away was written down by somebody, and is the same for everybody."""


class Canon:
    """The names of one performance."""

    def __init__(self, nonce: str, delays_s: Iterable[float]) -> None:
        self.nonce = nonce
        self.ids: dict[str, str] = {}
        self.bound: dict[str, str] = {}
        self.sent: list[datetime] = []
        self.given: dict[datetime, str] = {}
        self.states: dict[str, dict[str, tuple[str, datetime]]] = {}
        self.delays = [0.0, *sorted(set(delays_s) - {0.0})]

    def bind(self, name: str, id: str) -> None:
        """From now on *id* is called *name*; a name is given once, an id keeps its first."""
        self.bound[name] = id
        self.ids.setdefault(id, name)

    def step(self, at: datetime) -> None:
        """The next step is sent."""
        self.sent.append(at)

    def give(self, seconds: float, at: datetime) -> str:
        """The instant so many seconds after *at*, remembered by that."""
        instant = at + timedelta(seconds=seconds)
        self.given[instant] = f"{seconds:+g}s of step {len(self.sent)}"
        return instant.isoformat().replace("+00:00", "Z")

    def copied(self) -> "Canon":
        """The same names so far; what one of the two gets to see, the other has not seen."""
        other = copy(self)
        other.ids, other.bound = dict(self.ids), dict(self.bound)
        other.states = {id: dict(seen) for id, seen in self.states.items()}
        return other

    def named(self, value: Any, *, is_unordered: bool = False) -> Any:
        """*value* with names for everything that differs from server to server."""
        if is_unordered and isinstance(value, list):
            items = [self._walk("", each) for each in cast("list[Any]", value)]
            return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
        return self._walk("", value)

    def _walk(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            found = cast("dict[str, Any]", value)
            if "total_run_time" in found:
                found = self._durations(found)
            return {name: self._walk(name, found[name]) for name in sorted(found)}
        if isinstance(value, list):
            if key in SETS:
                value = sorted(cast("list[str]", value), key=self._age)
            if key == "results":
                value = sorted(cast("list[Any]", value), key=self._run_of)
            return [self._walk(key, each) for each in cast("list[Any]", value)]
        return self._text(key, value) if isinstance(value, str) else value

    def _text(self, key: str, text: str) -> str:
        if INSTANT.match(text):
            return self.instant(datetime.fromisoformat(text))
        if key == "name" and SLUG.match(text):
            return "<two words>"
        return ID.sub(self._id, text.replace(self.nonce, "~"))

    def _run_of(self, result: Mapping[str, Any]) -> str:
        """The name of the run that one of many results is about."""
        return self.ids.get(result.get("flow_run_id", result.get("id", "")), "")

    def _age(self, text: str) -> tuple[str, str]:
        """Texts in their order, then ids: those that have a name, and then the others."""
        return ("~", self.ids.get(text, "~")) if ID.fullmatch(text) else ("", text)

    def _id(self, match: re.Match[str]) -> str:
        return self.ids.setdefault(match[0], f"id {len(self.ids) + 1}")

    def instant(self, at: datetime) -> str:
        """What an instant is called."""
        if at in self.given:
            return self.given[at]
        end = clock.now() + timedelta(milliseconds=1)
        for delay in self.delays:
            moment = at - timedelta(seconds=delay)
            if self.sent and self.sent[0] <= moment <= end:
                step = sum(sent <= moment for sent in self.sent)
                return f"step {step}" + (f" + {delay:g}s" if delay else "")
        for given, name in reversed(self.given.items()):
            halves = (at - given).total_seconds() * 2
            if abs(halves - round(halves)) < HALF_S:
                return f"{name} {round(halves) / 2:+g}s"
        away = at - self.sent[0]
        return f"{away.total_seconds():+.1f}s" if abs(away) < FAR else at.isoformat()

    def _durations(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """A run whose durations are words where they are what its states say."""
        seen = self._remember(run)
        total = sum(
            (after[1] - before[1]).total_seconds()
            for before, after in pairwise(seen)
            if before[0] == "RUNNING"
        )
        now, said = clock.now(), dict(run)
        current = run["total_run_time"]
        if run["state_type"] == "RUNNING" and seen:
            current += (now - seen[-1][1]).total_seconds()
        if run["total_run_time"] and abs(run["total_run_time"] - total) < 0.002:
            said["total_run_time"] = "while RUNNING"
        for name, expected in (
            ("estimated_run_time", current),
            ("estimated_start_time_delta", _lateness(run, now)),
        ):
            if name in run and abs(run[name] - expected) < NEAR_S:
                said[name] = "as its states say"
        return said

    def _remember(self, run: Mapping[str, Any]) -> list[tuple[str, datetime]]:
        seen = self.states.setdefault(run["id"], {})
        if state := run.get("state"):
            at = datetime.fromisoformat(state["timestamp"])
            seen.setdefault(state["id"], (state["type"], at))
        return list(seen.values())


def _lateness(run: Mapping[str, Any], now: datetime) -> float:
    expected = run["expected_start_time"]
    if expected is None:
        return 0.0
    if run["start_time"] is not None:
        late = datetime.fromisoformat(run["start_time"]) - datetime.fromisoformat(expected)
    elif run["state_type"] in FINAL:
        return 0.0
    else:
        late = now - datetime.fromisoformat(expected)
    return max(0.0, late.total_seconds())
