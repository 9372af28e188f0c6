"""Replay: the log is read again from its first entry, and all that is made of it must follow.

Faults are collected, not raised, so that one look shows them all; each names the partition, the
position, and what differs.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from events.log import EventLog

from .folding import Folding
from .snapshots import differing_snapshots
from .views import ViewsReplay

FAULTS_MAX = 20
"""Faults that are told; what follows from the first ones is endless."""

Progress = Callable[[int, int], None]
"""Told how many decisions were read, and how many there are."""


class Verdict(Struct, kw_only=True):
    """What a replay found: nothing in *faults* means that everything follows from the log."""

    decisions: int
    behind: int
    chain: list[str]
    snapshots: list[str]
    views: list[str]

    @property
    def faults(self) -> list[str]:
        """All faults, those of the log first."""
        return [*self.chain, *self.snapshots, *self.views]

    def summary(self) -> str:
        """The verdict on one line."""
        chain = "chain intact" if not self.chain else "chain BROKEN"
        snapshots = "" if not self.snapshots else ", snapshots DIFFER"
        views = "views equal" if not self.views else "views DIFFER"
        behind = f" ({self.behind} decisions behind)" if self.behind else ""
        compared = "" if self.chain else f"{snapshots}, {views}{behind}"
        return f"replay: {self.decisions} decisions, {chain}{compared}"


def _quiet(done: int, total: int) -> None:
    del done, total


async def verify(log: EventLog, redis: Any, views_url: str, progress: Progress = _quiet) -> Verdict:
    """Read all of *log*, and compare the snapshots on *redis* and the views with what it says.

    The log may grow meanwhile: views are compared as of their checkpoints, snapshots as of the
    last decision on each. Where the chain is broken, nothing is compared.
    """
    with ViewsReplay(views_url) as views:
        foldings = await _folded(log, views, progress)
        ends = {each.partition: each.head.position for each in foldings}
        differing, behind = views.differing(ends), views.behind(ends)
    chain = [fault for each in foldings for fault in each.faults]
    snapshots: list[str] = []
    for folding in [] if chain else foldings:
        snapshots += [each async for each in differing_snapshots(log, redis, folding)]
    return Verdict(
        decisions=sum(ends.values()),
        behind=behind,
        chain=chain[:FAULTS_MAX],
        snapshots=snapshots[:FAULTS_MAX],
        views=[] if chain else differing[:FAULTS_MAX],
    )


async def _folded(log: EventLog, views: ViewsReplay, progress: Progress) -> list[Folding]:
    there = sum([(await log.head(each)).position for each in log.streams.every()])
    foldings = [Folding(log, each) for each in log.streams.every()]
    done = 0
    for folding in foldings:
        while not await folding.is_at_end():
            page = await folding.page()
            await views.fold(folding.partition, page)
            done += len(page)
            progress(done, max(there, done))
    return foldings
