"""An errand is what a timer leads to when that is more than one proposal: it takes a while.

Whoever takes an errand first lets it be due a little later. So nobody else takes it meanwhile,
and if its taker dies somebody does. Done, it is due when it says, or not any more; unless the log
has made it due otherwise by then, which counts.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Generic, TypeVar

from events.instants import Clock, millis_of

from .sets import TimerSets
from .setting import in_its_round

ASIDE_MS = 10_000
"""When an errand is due again that was taken and that nothing was heard of since."""

_log = logging.getLogger(__name__)

T = TypeVar("T")

Group = Sequence[tuple[int, T]]
"""Errands, each with its partition."""

Do = Callable[[Group[T]], Awaitable[Sequence[int | None]]]
"""Does a group of errands; says for each at which millisecond it is due next, or None."""


class Errands(Generic[T]):
    """Runs the errands of one kind, a group after the other; *away* are errors that pass.

    What is due again is so in rounds that are a *period* apart.
    """

    def __init__(
        self,
        do: Do[T],
        *,
        sets: TimerSets,
        now: Clock,
        away: tuple[type[Exception], ...],
        group_max: int,
        period: timedelta | None = None,
    ) -> None:
        self.trouble: str | None = None
        self._do = do
        self._sets = sets
        self._now = now
        self._away = away
        self._group_max = group_max
        self._period = period
        self._taken: dict[tuple[int, T], int] = {}
        self._under_way: dict[tuple[int, T], int] = {}
        self._waiting: asyncio.Queue[tuple[int, T]] = asyncio.Queue()

    async def take(self, due: Sequence[tuple[int, T, int]]) -> None:
        """Run these soon: partition, errand, and the millisecond at which it was due.

        One that is under way is run again when the log has made it due since: what it has read
        may be old. When it only takes longer than it was put aside for, it is put aside again.
        """
        aside_ms = millis_of(self._now()) + ASIDE_MS
        moved = await self._sets.move([(*each, aside_ms) for each in due])
        for (partition, errand, due_ms), is_ours in zip(due, moved, strict=True):
            each = (partition, errand)
            if is_ours and self._under_way.get(each) == due_ms:
                self._under_way[each] = aside_ms
            elif is_ours:
                if each not in self._taken:
                    self._waiting.put_nowait(each)
                self._taken[each] = aside_ms

    async def run(self) -> None:
        """Run what is taken, for ever."""
        while True:
            group = [await self._waiting.get()]
            while len(group) < self._group_max and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            self._under_way = {each: self._taken.pop(each) for each in group}
            try:
                next_ms = await self._do(group)
                await self._sets.move(
                    (*each, self._under_way[each], self._again(due_ms))
                    for each, due_ms in zip(group, next_ms, strict=True)
                )
                self.trouble = None
            except self._away as error:
                self.trouble = str(error)
                _log.warning("errands_waiting", extra={"because": str(error)})
            finally:
                self._under_way = {}

    def _again(self, due_ms: int | None) -> int | None:
        return None if due_ms is None else in_its_round(due_ms, self._period)
