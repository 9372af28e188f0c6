"""The shortest script that still shows a difference: steps dropped, then arguments made plain."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, cast

from msgspec.structs import replace

from headgate.clock import elapsed_s
from tests.parity.script import Step

Shows = Callable[[list[Step]], Awaitable[bool]]
TRIES_MAX, TRYING_S = 250, 60.0
KEPT = {"flows", "flow_runs"}
"""What is not narrowed to the script's own runs shows, and changes, those of other scripts."""


async def shrunk(steps: Sequence[Step], shows: Shows) -> list[Step]:
    """The least of *steps* for which *shows* is still true."""
    best = list(steps)
    patience = Patience()
    size = max(1, len(best) // 2)
    while size:
        at = 0
        while at < len(best):
            less = best[:at] + best[at + size :]
            if not patience.lasts():
                return best
            if less and await shows(less):
                best = less
            else:
                at += size
        size //= 2
    for number in reversed(range(len(best))):
        again = True
        while again:
            again = False
            for simpler in _simpler(best[number]):
                if not patience.lasts():
                    return best
                less = [*best[:number], simpler, *best[number + 1 :]]
                if await shows(less):
                    best, again = less, True
                    break
    return best


class Patience:
    """So many tries and so much time for one difference: the rest is to be compared too."""

    def __init__(self) -> None:
        self.tries = 0
        self.until = elapsed_s() + TRYING_S

    def lasts(self) -> bool:
        """Whether there may be another try; counts it."""
        self.tries += 1
        return self.tries <= TRIES_MAX and elapsed_s() < self.until


def _simpler(step: Step) -> Iterator[Step]:
    if step.headers:
        yield replace(step, headers={})
    if len(step.then) > 1:
        yield replace(step, then=step.then[:1])
    for body in _less(step.body):
        yield replace(step, body=body)


def _less(value: Any) -> Iterator[Any]:
    """Each value that lacks one field more."""
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for name in fields:
            if name not in KEPT:
                yield {key: each for key, each in fields.items() if key != name}
        for name, inner in fields.items():
            for less in _less(inner if name not in KEPT else None):
                yield {**fields, name: less}
