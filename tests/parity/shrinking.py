"""The shortest script that still shows a difference: steps dropped, then arguments made plain."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, cast

from msgspec.structs import replace

from tests.parity.script import Step

Shows = Callable[[list[Step]], Awaitable[bool]]
TRIES_MAX = 250


async def shrunk(steps: Sequence[Step], shows: Shows) -> list[Step]:
    """The least of *steps* for which *shows* is still true."""
    best = list(steps)
    tries = 0
    size = max(1, len(best) // 2)
    while size and tries < TRIES_MAX:
        at = 0
        while at < len(best) and tries < TRIES_MAX:
            less = best[:at] + best[at + size :]
            tries += 1
            if less and await shows(less):
                best = less
            else:
                at += size
        size //= 2
    for number in reversed(range(len(best))):
        again = True
        while again and tries < TRIES_MAX:
            again = False
            for simpler in _simpler(best[number]):
                tries += 1
                less = [*best[:number], simpler, *best[number + 1 :]]
                if await shows(less):
                    best, again = less, True
                    break
    return best


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
            yield {key: each for key, each in fields.items() if key != name}
        for name, inner in fields.items():
            for less in _less(inner):
                yield {**fields, name: less}
