"""`make bench` measures, prints a table and writes bench/results.json."""

import asyncio
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import uvloop
from rich.console import Console
from rich.status import Status
from rich.table import Table

from headgate.clock import now
from headgate.serving.running import collect_seldom
from tests.bench import api, bus, timers, views
from tests.bench.beside import beside
from tests.bench.core import core
from tests.bench.recording import recorded

RESULTS = Path(__file__).parents[2] / "bench" / "results.json"
REFERENCE = RESULTS.parents[1] / ".parity"
"""Where `make parity` installs the reference too."""

BATCHES = {1: 2, 10: 5, 100: 20, 500: 20}
"""Batch sizes, and how many transitions each of the 1,000 runs makes at that size."""

MARK_BATCH = 100
"""The batch size that the headline figures are taken at."""

PACKAGES = ("faststream", "redis", "hiredis", "msgspec", "uvloop", "uvicorn", "starlette")

console = Console(width=110)


async def measure(figures: dict[str, float], parts: Sequence[str]) -> None:
    """Put every figure of *parts* into *figures*, by its key."""
    with console.status("starting") as status:
        for part in parts:
            await PARTS[part](figures, status)


async def _core(figures: dict[str, float], status: Status) -> None:
    status.update("the core alone")
    figures |= core()


async def _whole_bus(figures: dict[str, float], status: Status) -> None:
    for fsync in ("always", "everysec"):
        for batch, each in BATCHES.items():
            status.update(f"the bus, fsync {fsync}, batches of {batch}")
            figures |= await _bus(fsync, batch, each)
    headline = f"always.{MARK_BATCH}"
    figures["bus.accepted_per_s"] = figures[f"bus.{headline}.accepted_per_s"]
    figures["bus.ceiling_per_s"] = figures[f"bus.{headline}.ceiling_per_s"]
    figures["bus.ratio_to_ceiling"] = figures[f"bus.{headline}.ratio"]
    answered = [await bus.accepted("always", MARK_BATCH, 10, bus.CLIENT) for _ in range(3)]
    figures["bus.answered_per_s"] = median(answered)
    status.update("from proposal to decision")
    p50, p99 = await bus.latency_ms(2_000)
    figures |= {"bus.decision_p50_ms": p50, "bus.decision_p99_ms": p99}


async def _timers(figures: dict[str, float], status: Status) -> None:
    status.update("a million timers")
    figures |= await timers.late()


async def _views(figures: dict[str, float], status: Status) -> None:
    status.update("a million flow runs")
    figures |= await views.pages()


async def _bus(fsync: str, batch: int, each: int) -> dict[str, float]:
    """With and without rules in turn, so that the machine is as noisy for one as for the other."""
    with_rules: list[float] = []
    without: list[float] = []
    for _ in range(3 if fsync == "always" and batch == MARK_BATCH else 1):
        with_rules.append(await bus.accepted(fsync, batch, each))
        without.append(await bus.ceiling(fsync, batch, each))
    accepted, ceiling = median(with_rules), median(without)
    key = f"bus.{fsync}.{batch}"
    return {
        f"{key}.accepted_per_s": accepted,
        f"{key}.ceiling_per_s": ceiling,
        f"{key}.ratio": accepted / ceiling,
    }


async def _api(figures: dict[str, float], status: Status) -> None:
    """One process, as `headgate dev` starts it, and each service in a process of its own."""
    status.update("the API")
    async with api.server() as it:
        figures["start.ready_s"] = it.ready_s
        await asyncio.sleep(2)
        figures["idle.rss_mb"] = api.resident_mb(it.pid)
        figures |= await _set_state(it.url, "http.dev_set_state")
    async with api.services() as url:
        figures |= await _set_state(url, "http.set_state")
    async with api.services() as url:
        figures |= await _recording(url)


async def _recording(url: str) -> dict[str, float]:
    rounds = [await recorded(url, runs) for runs in (500, 2_500, 2_500, 2_500)][1:]
    return {
        "recording.taken_per_s": median(each.taken_per_s for each in rounds),
        "recording.shown_per_s": median(each.shown_per_s for each in rounds),
        "recording.lost": sum(each.lost for each in rounds),
    }


async def _set_state(url: str, key: str) -> dict[str, float]:
    figures: dict[str, float] = {}
    for clients, each in ((1, 500), (16, 300)):
        result = await api.set_state(url, clients, each)
        assert (set(result["statuses"]), result["hung_up"]) == ({"201"}, 0), result
        for name in ("per_s", "p50_ms", "p99_ms"):
            figures[f"{key}_{clients}_{name}"] = result[name]
    return figures


def written(figures: Mapping[str, float]) -> None:
    """Keep *figures* with what they were measured on."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    about = {
        "at": now().isoformat(timespec="seconds"),
        "commit": commit.stdout.strip(),
        "machine": f"{platform.machine()}, {len(_cores())} cores",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    figures = {key: round(value, 3) for key, value in figures.items()}
    RESULTS.write_text(json.dumps({**about, **figures}, indent=2) + "\n")


def _cores() -> set[int]:
    return os.sched_getaffinity(0)


def shown(figures: Mapping[str, float]) -> Table:
    table = Table("figure", "value", title="Headgate")
    for key, value in figures.items():
        table.add_row(key, f"{value:,.2f}" if value < 100 else f"{value:,.0f}")
    return table


async def _beside(figures: dict[str, float], status: Status) -> None:
    status.update("beside the reference (it is installed the first time)")
    figures |= await beside(REFERENCE)


PARTS = {
    "core": _core,
    "bus": _whole_bus,
    "timers": _timers,
    "views": _views,
    "api": _api,
    "beside": _beside,
}


if __name__ == "__main__":
    collect_seldom()  # as every process of ours does
    results: dict[str, float] = {}
    try:
        uvloop.run(measure(results, os.environ.get("BENCH", "").split() or list(PARTS)))
    finally:  # what was measured before a failure is shown too
        written(results)
        console.print(shown(results))
        console.print(f"written to {RESULTS.relative_to(Path.cwd())}")
