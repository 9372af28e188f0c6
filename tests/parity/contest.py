"""One script on both sides, and what is made of it when they differ."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Sequence
from random import Random

from msgspec import Struct, field

from tests.parity.comparing import Difference, compare
from tests.parity.kinds import drawn
from tests.parity.known import recognised
from tests.parity.playing import Player
from tests.parity.script import Observation, Step
from tests.parity.shrinking import shrunk
from tests.parity.sides import Side

BUSY, BUSY_MAX, BUSY_PAUSE_S = 503, 30, 0.2
"""How a side answers that cannot answer now (a locked database, a disk that is slow to sync), and
how often the whole script is then played on it once more."""
NUMBER = re.compile(r"\d+|.*\$\S+ ")


class Found(Struct, frozen=True):
    """A difference that is not meant, and the shortest script that shows it."""

    difference: Difference
    steps: list[Step]
    expected: list[Observation]
    is_lasting: bool
    """Whether playing it again shows it again; where it does not, it is a matter of timing."""
    answers: tuple[Observation, Observation]
    """What was observed on both sides where they differed at first."""


class Tally(Struct):
    """What has been compared so far, and what came of it."""

    sequences: int = 0
    steps: int = 0
    differences: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    known: Counter[str] = field(default_factory=Counter[str])
    ways: Counter[str] = field(default_factory=Counter[str])
    played_again: Counter[str] = field(default_factory=Counter[str])
    found: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def __str__(self) -> str:
        return f"sequences={self.sequences} steps={self.steps} differences={self.differences}"


class Contest:
    """Two sides that play the same."""

    def __init__(
        self, reference: Side, headgate: Side, subjects: Sequence[str], without: Collection[str]
    ) -> None:
        self.subjects = subjects
        self.without = without
        self.reference = reference
        self.headgate = headgate

    async def hold(self, random: Random, tally: Tally) -> Found | None:
        """Draw a script and play it; the first difference of a new sort, made small."""
        steps = drawn(random, self.subjects, self.without)
        difference, theirs, ours = await self._first(steps, tally)
        tally.sequences += 1
        tally.steps += len(steps)
        tally.kinds.update(step.kind for step in steps)
        if difference is None:
            return None
        tally.differences += 1
        if _sort(difference) in tally.found:
            return None
        tally.found.add(_sort(difference))
        sort, status = _sort(difference), _status(theirs[: difference.step])

        async def shows(less: list[Step]) -> bool:
            found, theirs, _ = await self._first(less)
            if found is None or _sort(found) != sort:
                return False
            return found.step == len(less) and _status(theirs) == status

        small = await shrunk(steps[: difference.step], shows)
        again, expected, _ = await self._first(small)
        at = difference.step - 1
        answers = (theirs[at], ours[at])
        return Found(again or difference, small, expected, again is not None, answers)

    async def _first(
        self, steps: Sequence[Step], tally: Tally | None = None
    ) -> tuple[Difference | None, list[Observation], list[Observation]]:
        """The first difference, unless it is one that is meant: what follows that is not asked."""
        theirs, again = await _played(self.reference, steps)
        ours, ours_again = await _played(self.headgate, steps, theirs)
        if tally is not None:
            tally.played_again.update({"the reference": again, "Headgate": ours_again})
        for difference in compare(theirs, ours):
            name = recognised(steps, difference, theirs, ours)
            if name is None:
                return difference, theirs, ours
            if tally is not None:
                tally.known[name] += 1
            break
        return None, theirs, ours


async def _played(
    side: Side, steps: Sequence[Step], theirs: Sequence[Observation] | None = None
) -> tuple[list[Observation], int]:
    """What *side* makes of *steps*, and how often it had to play them again."""
    seen, times = await Player(side, steps).play(theirs), 0
    while times < BUSY_MAX and any(_status([each]) == BUSY for each in seen):
        await asyncio.sleep(BUSY_PAUSE_S)
        seen, times = await Player(side, steps).play(theirs), times + 1
    return seen, times


def _sort(difference: Difference) -> tuple[str, str]:
    """Differences of one sort have one cause, probably."""
    place = NUMBER.sub("", difference.place.removeprefix("then "))
    if place.endswith("HTTP status"):
        place = f"{place} {difference.reference} {difference.headgate}"
    return difference.kind, place


def _status(seen: Sequence[Observation]) -> int:
    """How the last step was answered."""
    return seen[-1].answer.status if seen and seen[-1].answer else 0
