"""`headgate history` shows how many runs were expected when, and what became of them."""

import asyncio
from datetime import timedelta

from rich.table import Table

from events.queries import HistoryBucket, HistoryQuery
from projections.reads import Views
from projections.store import open_engine

from ... import clock
from ..console import coloured, listing, out
from ..spans import span
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
    buckets = asyncio.run(_read(span(last), span(interval), where))
    out().print(bucket_table(buckets))
    return 0


async def _read(last: timedelta, interval: timedelta, where: Where) -> list[HistoryBucket]:
    now = clock.now()
    query = HistoryQuery(start=now - last, end=now, interval=interval.total_seconds())
    engine = open_engine(where.settings().views_url)
    try:
        return await Views(engine).flow_run_history(query, now)
    finally:
        engine.dispose()


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
