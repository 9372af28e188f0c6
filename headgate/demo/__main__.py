"""`python -m headgate.demo`, which `make demo` runs."""

import asyncio
import re
import shutil
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from rich.console import Console

from events.decisions import Recorded
from events.log import EventLog
from events.queries import HistoryBucket, HistoryQuery
from projections.reads import Views
from projections.store import open_engine

from .. import clock, reading
from ..bus.connecting import connected, log_on, redis_of
from ..cli.commands.history import bucket_table
from ..cli.commands.watch import line
from ..cli.console import complain, out
from ..errors import ForPeople
from ..replay import Verdict, verify
from ..settings import Settings
from . import client, server

ROOT = Path(__file__).resolve().parents[2]
SETTLE_S = 30.0
LOOKED_BACK = timedelta(minutes=5)
INTERVAL_S = 10.0


def main() -> int:
    """Install, run, show, verify; stay up on a terminal. 0 when all of it worked."""
    home, console = ROOT / ".demo", out()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)  # a closed terminal ends the server as well
    try:
        with suppress(KeyboardInterrupt):
            return _demonstrate(home, console)
    except (ForPeople, RedisError) as error:
        complain(str(error))
    return 1


def _leave(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def _demonstrate(home: Path, console: Console) -> int:
    environment, data = home / "client", home / "data"
    if not client.installed(environment):
        with _step(console, f"installing {client.REQUIREMENT} into {environment}, its own place"):
            client.install(environment, ROOT)
    shutil.rmtree(data, ignore_errors=True)
    console.print("starting Headgate: embedded Redis, SQLite, one process")
    with server.running(data, home / "headgate.log") as url:
        with _step(console, f"running a flow with the unmodified client against {url}"):
            said = client.run_flow(environment, url)
        found = re.search(r"flow run ([0-9a-f-]{36})", said)
        if found is None:
            raise ForPeople(f"the flow did not say its id:\n{said[-2000:]}")
        verdict = asyncio.run(_show(Settings.read(data_dir=data), UUID(found[1]), console))
        if verdict.faults:
            raise ForPeople("\n".join(verdict.faults))
        stay(url, console)
    return 0


@contextmanager
def _step(console: Console, what: str) -> Generator[None]:
    started = clock.elapsed_s()
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        console.print(f"{what} ...")
        yield
    console.print(f"{what}: done in {clock.elapsed_s() - started:.1f} s", soft_wrap=True)


async def _show(settings: Settings, flow_run_id: UUID, console: Console) -> Verdict:
    engine = open_engine(settings.views_url)
    try:
        with redis_of(settings.model_copy(update={"redis_url": None})) as url:
            redis = connected(url)
            try:
                log = await log_on(redis, settings.prefix)
                views = Views(engine)
                async with asyncio.timeout(SETTLE_S):
                    await _settled(redis, log, views)
                console.print("\n[bold]its transitions[/], and those of its tasks and its subflow:")
                for each in await _transitions(log, flow_run_id):
                    line(console, each)
                console.print("\n[bold]the history[/] of flow runs, by expected start time:")
                console.print(bucket_table(await _history(views)))
                verdict = await verify(log, redis, settings.views_url)
                console.print(f"\n{verdict.summary()}")
                return verdict
            finally:
                await redis.aclose()
    finally:
        engine.dispose()


async def _settled(redis: Any, log: EventLog, views: Views) -> None:
    """Wait until all that was proposed is decided, and all that was decided is in the views."""
    for partition in log.streams.every():
        while True:
            last = await redis.xrevrange(log.streams.proposals(partition), count=1)
            head = await log.head(partition)
            reached = (await views.positions()).get(partition, 0)
            if (not last or last[0][0].decode() == head.offset) and reached >= head.position:
                break
            await asyncio.sleep(0.01)


async def _transitions(log: EventLog, flow_run_id: UUID) -> list[Recorded]:
    """Everything decided on the run, its task runs and its subflow, in the order of time."""
    found = [
        reading.recorded(partition, entry)
        for partition in range(log.streams.partitions)
        async for page in reading.history(log, partition)
        for entry in page
    ]
    kept = [
        each
        for each in found
        if each.decision.changes or reading.concerns(each.decision, flow_run_id)
    ]
    return sorted(kept, key=lambda each: (each.time_ms, each.partition, each.position))


async def _history(views: Views) -> list[HistoryBucket]:
    now = clock.now()
    query = HistoryQuery(start=now - LOOKED_BACK, end=now, interval=INTERVAL_S)
    return await views.flow_run_history(query, now)


def stay(url: str, console: Console) -> None:
    """Stay up until Ctrl-C where somebody is watching; return at once where nobody is."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    # whoever started us in the background may have had Ctrl-C ignored, and on a terminal it counts
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        console.print(f"\nHeadgate stays up at [bold]{url}[/] until Ctrl-C; try it with")
        console.print(f"  PREFECT_API_URL={url}", soft_wrap=True)
        threading.Event().wait()
    console.print("stopping")


if __name__ == "__main__":
    sys.exit(main())
