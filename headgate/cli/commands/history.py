"""`headgate history` shows how many runs were expected when, and what became of them."""

import asyncio
from datetime import datetime, timedelta
from math import ceil

from rich.table import Table

from events.queries import BUCKETS_MAX, HistoryBucket, HistoryQuery
from projections.reads import Views

from ... import clock
from ...errors import Misused
from ...views import views_at
from ..console import coloured, listing, out
from ..spans import before, span
from ..where import HERE, Where

BAR_MAX = 24
"""Columns of the longest bar."""


def history(*, last: str = "24h", interval: str = "1h", where: Where = HERE) -> int:
    """Show flow runs in buckets of their expected start time, by state.

    Parameters
    ----------
    last
        How far to look back, such as 90s, 15m, 24h or 7d.
    interval
        The width of a bucket.
    """
    buckets = asyncio.run(_read(last, interval, where))
    out().print(bucket_table(buckets))
    return 0


async def _read(last: str, interval: str, where: Where) -> list[HistoryBucket]:
    now = clock.now()
    query = _query(before(last, now), now, span(interval))
    with views_at(where.settings().views_url) as engine:
        return await Views(engine).flow_run_history(query, now)


def _query(start: datetime, end: datetime, interval: timedelta) -> HistoryQuery:
    try:
        query = HistoryQuery(start=start, end=end, interval=interval.total_seconds())
    except ValueError as error:
        raise Misused(str(error)) from None
    # a query with more has the first ones and no others, and those are the oldest
    if end - start > BUCKETS_MAX * interval:
        widest = ceil((end - start) / BUCKETS_MAX / timedelta(seconds=1))
        raise Misused(f"there are {BUCKETS_MAX} buckets at most; give --interval {widest}s or more")
    return query


def bucket_table(buckets: list[HistoryBucket]) -> Table:
    """Buckets with a bar each; empty ones at both ends are left out."""
    filled = [place for place, bucket in enumerate(buckets) if bucket.states]
    shown = buckets[filled[0] : filled[-1] + 1] if filled else []
    most = max((_runs(bucket) for bucket in shown), default=0)
    table = listing("from (UTC)", "runs", "", "states")
    for bucket in shown:
        states = sorted(bucket.states, key=lambda state: state.count_runs, reverse=True)
        bar = "".join(
            coloured("█" * max(1, state.count_runs * BAR_MAX // most), state.state_type)
            for state in states
        )
        said = ", ".join(f"{state.count_runs} {state.state_name}" for state in states)
        table.add_row(f"{bucket.interval_start:%Y-%m-%d %H:%M:%S}", str(_runs(bucket)), bar, said)
    if not shown:
        table.add_row("no runs were expected in this time")
    return table


def _runs(bucket: HistoryBucket) -> int:
    return sum(state.count_runs for state in bucket.states)
