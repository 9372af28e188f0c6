"""`python -m headgate.demo`, which `make demo` runs."""

import asyncio
import re
import shutil
import signal
import sys
import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from rich.console import Console

from events.changes import FlowRunCreated
from events.decisions import Recorded
from events.log import EventLog
from events.queries import FlowRunQuery, HistoryBucket, HistoryQuery, LogQuery
from events.queries.criteria import IdIsAny, NameIs, StateIs, StateTypeIs, TextSearch
from events.queries.filters import DeploymentFilter, FlowRunFilter, LogFilter
from events.states import StateType
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
from . import server
from .client import Client
from .installing import REQUIREMENT, ROOT, installed, is_installed

POOL = "demo"
RUN_S = 120.0
"""How long a deployment may take to be run."""

LAST_WORDS = '"Finished in state Completed"'
"""What the client logs as its run ends."""

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
    place, data = home / "client", home / "data"
    what = f"installing {REQUIREMENT} into {place}, its own place"
    with nullcontext() if is_installed(place) else _step(console, what):
        python = installed(place)
    shutil.rmtree(data, ignore_errors=True)
    console.print("starting Headgate: embedded Redis, SQLite, one process")
    with server.running(data, home / "headgate.log") as url:
        unmodified = Client(python, place, url)
        with _step(console, f"running a flow with the unmodified client against {url}"):
            said = unmodified.run(*unmodified.flow("run"))
        found = re.search(r"flow run ([0-9a-f-]{36})", said)
        if found is None:
            raise ForPeople(f"the flow did not say its id:\n{said[-2000:]}")
        settings = Settings.read(data_dir=data)
        runs = {"a flow": UUID(found[1])}
        with _step(console, "serving a deployment, until its schedule has run it"):
            runs["a run by the clock"] = _served(unmodified, settings)
        with _step(console, f"deploying to the work pool {POOL}, until a worker has run it"):
            runs["a run by a worker"] = _worked(unmodified, settings)
        verdict = asyncio.run(_show(settings, runs, console))
        if verdict.faults:
            raise ForPeople("\n".join(verdict.faults))
        stay(url, console)
    return 0


def _served(unmodified: Client, settings: Settings) -> UUID:
    """The run that the schedule of a served deployment made, completed."""
    with unmodified.running(*unmodified.flow("serve")) as said:
        return asyncio.run(_completed(settings, "by-the-clock", said))


def _worked(unmodified: Client, settings: Settings) -> UUID:
    """The run of a deployment to a work pool that a worker ran, completed."""
    unmodified.run(*unmodified.prefect("work-pool", "create", POOL, "--type", "process"))
    unmodified.run(*unmodified.flow("deploy", POOL))
    worker = unmodified.prefect("worker", "start", "--pool", POOL, "--type", "process")
    with unmodified.running(*worker) as said:
        return asyncio.run(_completed(settings, "by-a-worker", said))


async def _completed(settings: Settings, deployment: str, said: Path) -> UUID:
    """The first completed run of *deployment*; what its runner *said* if there is none in time.

    Its last words are there too: it ends with them, and a runner that is stopped before it has
    ended cancels it.
    """
    done = FlowRunFilter(state=StateIs(type=StateTypeIs(any_=[StateType.COMPLETED])))
    of = DeploymentFilter(name=NameIs(any_=[deployment]))
    query = FlowRunQuery(flow_runs=done, deployments=of, limit=1)
    engine = open_engine(settings.views_url)
    views = Views(engine)
    try:
        async with asyncio.timeout(RUN_S):
            while True:
                for found in await views.flow_runs(query):
                    of_run = IdIsAny(any_=[found.attributes.id])
                    last_words = LogFilter(flow_run_id=of_run, text=TextSearch(query=LAST_WORDS))
                    if await views.logs(LogQuery(filter=last_words)):
                        return found.attributes.id
                await asyncio.sleep(0.1)
    except TimeoutError:
        told = said.read_text(errors="replace")[-3000:]
        raise ForPeople(f"{deployment} was not run in {RUN_S:g} s:\n{told}") from None
    finally:
        engine.dispose()


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


async def _show(settings: Settings, runs: Mapping[str, UUID], console: Console) -> Verdict:
    engine = open_engine(settings.views_url)
    try:
        with redis_of(settings.model_copy(update={"redis_url": None})) as url:
            redis = connected(url)
            try:
                log = await log_on(redis, settings.prefix)
                views = Views(engine)
                async with asyncio.timeout(SETTLE_S):
                    await _settled(redis, log, views)
                decisions = await _decisions(log)
                for name, run in runs.items():
                    console.print(f"\n[bold]{name}[/]: what was decided on it and on its parts:")
                    family = _with_subflows(decisions, run)
                    for each in decisions:
                        if any(reading.concerns(each.decision, one) for one in family):
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


async def _decisions(log: EventLog) -> list[Recorded]:
    """Everything decided on runs, in the order of time."""
    found = [
        reading.recorded(partition, entry)
        for partition in range(log.streams.partitions)
        async for page in reading.history(log, partition)
        for entry in page
    ]
    return sorted(found, key=lambda each: (each.time_ms, each.partition, each.position))


def _with_subflows(decisions: Sequence[Recorded], run: UUID) -> set[UUID]:
    """The flow run, and those that it and they began."""
    family = {run}
    for each in decisions:
        for change in each.decision.changes:
            if isinstance(change, FlowRunCreated):
                made = change.attributes
                if made.parent_flow_run_id in family:
                    family.add(made.id)
    return family


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
