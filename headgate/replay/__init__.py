"""Replay: the log is read again from its first entry, and all that is made of it must follow.

Faults are collected, not raised, so that one look shows them all; each names the partition, the
position, and what differs.
"""

import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from events.log import CorruptLog, EventLog
from projections.store import Store
from projections.verify import Difference
from projections.verify import verify as views_verified
from projections.views import PROJECTIONS

from ..errors import ForPeople
from ..views import opened, said
from .folding import Folding
from .snapshots import differing_snapshots

KEYS = ("id", "partition", "level", "start")
"""The columns that say which row it is."""

FAULTS_MAX = 20
"""Faults that are told; what follows from the first ones is endless."""

Progress = Callable[[str, int, int], None]
"""Told what is being read, how many decisions of it were, and how many there are."""


class Verdict(Struct, kw_only=True):
    """What a replay found: nothing in *faults* means that everything follows from the log."""

    decisions: int
    behind: int = 0
    chain: list[str] = []
    snapshots: list[str] = []
    views: list[str] = []

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


def _quiet(what: str, done: int, total: int) -> None:
    del what, done, total


async def verify(log: EventLog, redis: Any, views_url: str, progress: Progress = _quiet) -> Verdict:
    """Read all of *log*, and compare the snapshots on *redis* and the views with what it says.

    The log may grow meanwhile: views are compared as of their checkpoints, snapshots as of the
    last decision on each. Where the chain is broken, nothing is compared.
    """
    foldings = await _folded(log, progress)
    chain = [fault for each in foldings for fault in each.faults]
    decisions = sum(each.head.position for each in foldings)
    if chain:
        return Verdict(decisions=decisions, chain=chain[:FAULTS_MAX])
    views, behind = await _views(log, foldings, views_url, progress)
    snapshots: list[str] = []
    for folding in foldings:
        snapshots += [each async for each in differing_snapshots(log, redis, folding)]
    return Verdict(
        decisions=decisions, behind=behind, snapshots=snapshots[:FAULTS_MAX], views=views
    )


async def _folded(log: EventLog, progress: Progress) -> list[Folding]:
    there = sum([(await log.head(each)).position for each in log.streams.every()])
    foldings = [Folding(log, each) for each in log.streams.every()]
    done = 0
    for folding in foldings:
        while not await folding.is_at_end():
            done += len(await folding.page())
            progress("the log", done, max(there, done))
    return foldings


async def _views(
    log: EventLog, foldings: list[Folding], url: str, progress: Progress
) -> tuple[list[str], int]:
    """What is wrong with the views, and how many decisions they are behind."""
    with tempfile.TemporaryDirectory(prefix="headgate-") as folder:
        scratch_url = f"sqlite:///{Path(folder) / 'views.db'}"
        async with _store(url) as store, _store(scratch_url) as scratch:
            try:
                reached = store.reached([each.name for each in PROJECTIONS])
                difference = await views_verified(
                    store,
                    log,
                    scratch,
                    PROJECTIONS,
                    lambda done, total: progress("the views", done, total),
                )
            except CorruptLog as error:
                return [str(error)], 0
            except SQLAlchemyError as error:
                raise ForPeople(f"the views cannot be read: {said(error)}") from error
    behind = 0
    for each in foldings:
        position = int(reached.get(each.partition, "0-0").partition("-")[2])
        behind += max(0, each.head.position - position)
    return ([_told(difference)] if difference else []), behind


@asynccontextmanager
async def _store(url: str) -> AsyncGenerator[Store]:
    engine = opened(url)
    try:
        yield Store(engine)
    finally:
        engine.dispose()


def _told(difference: Difference) -> str:
    """A difference in words, the columns that differ and no others."""
    expected, found = difference.expected, difference.found
    if expected is None or found is None:
        row = expected or found or {}
        what = "is missing" if found is None else "is too much"
        return f"view {difference.view}: a row {what}: {row}"
    keys = {name: value for name, value in found.items() if name in KEYS}
    differs = [
        f"{name} is {found[name]!r}, a rebuild has {value!r}"
        for name, value in expected.items()
        if found[name] != value
    ]
    return f"view {difference.view}, row {keys}: {'; '.join(differs)}"
