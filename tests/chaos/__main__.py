"""Kill everything at random instants under load, then let the auditor look: `make chaos`."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from rich.console import Console

from events.log.redis import RedisEventLog
from events.streams import Streams
from headgate.clock import new_id, now
from projections.reads import Views
from projections.store import open_engine
from services.proposer import Proposer
from tests.chaos.audit import Findings, audit
from tests.chaos.load import Load
from tests.chaos.slots import holders, limited
from tests.chaos.victims import ROOT, Service, Store
from tests.support.waiting import wait_until

KILLS = {"rule-processor": 40, "projector": 20, "redis": 10}
PRODUCERS = 24
PAUSE_S = (0.2, 1.6)
"""Between two kills: from "still starting" to "well under way"."""
QUIET_S = 60.0
LOOKS = 500
"""How often a victim is looked at until it has something in hand."""

console = Console(width=100)


class Battle:
    """One Redis, two services, many producers, and somebody who kills."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = Random(seed)
        self.streams = Streams()
        self.store = Store(folder)
        self.environment = {
            "HEADGATE_REDIS_URL": self.store.server.url,
            "HEADGATE_DATA_DIR": str(folder),
            "HEADGATE_LOG_LEVEL": "warning",
        }
        self.services = [
            Service(name, self.environment, folder) for name in ("rule-processor", "projector")
        ]
        self.views = Views(open_engine(f"sqlite:///{folder / 'views.db'}"))
        self.caught: Counter[str] = Counter()
        self.in_flight: Counter[str] = Counter()

    async def begun(self, redis: Redis) -> None:
        """Wait until every partition is served: a flow registered twice is decided twice."""
        leases = [self.streams.lease(partition) for partition in self.streams.every()]

        async def all_are_held() -> bool:
            return await redis.exists(*leases) == len(leases)

        await wait_until(all_are_held, QUIET_S)

    async def fight(self, load: Load, log: RedisEventLog) -> None:
        """Kill until everyone was killed often enough; count what was in flight each time."""
        order = [name for name, times in KILLS.items() for _ in range(times)]
        self.random.shuffle(order)
        victims = {each.name: each for each in (*self.services, self.store)}
        with console.status("killing") as status:
            for number, name in enumerate(order, start=1):
                await asyncio.sleep(self.random.uniform(*PAUSE_S))
                open_now = await self._caught(name, load, log)
                self.caught[name] += open_now > 0
                self.in_flight[name] += open_now
                await asyncio.to_thread(victims[name].kill)
                status.update(f"kill {number} of {len(order)}: {len(load.answers)} acknowledged")

    async def _caught(self, name: str, load: Load, log: RedisEventLog) -> int:
        """What *name* has not finished at a moment when it has work, if one comes soon."""
        for _ in range(LOOKS):
            if open_now := await self._open(name, load, log):
                return open_now
            await asyncio.sleep(0.001)
        return 0

    async def _open(self, name: str, load: Load, log: RedisEventLog) -> int:
        """What *name* has not finished: proposals without an answer, or decisions not in views."""
        return await self._behind(log) if name == "projector" else load.open

    async def _behind(self, log: RedisEventLog) -> int:
        reached = await self.views.positions()
        heads = [await log.head(partition) for partition in self.streams.every()]
        return sum(head.position for head in heads) - sum(reached.values())

    async def settle(self, log: RedisEventLog) -> None:
        """Wait until the views have reached the end of the log."""

        async def settled() -> bool:
            return await self._behind(log) == 0

        await wait_until(settled, QUIET_S)

    def replayed(self) -> subprocess.CompletedProcess[str]:
        """What `headgate replay --verify` says of it."""
        command = [sys.executable, "-m", "headgate", "replay", "--verify"]
        return subprocess.run(
            command, env={**os.environ, **self.environment}, cwd=ROOT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip


def client(url: str) -> Redis:
    """A client that outlives restarts of its server."""
    retry = Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.2), 5)
    return Redis.from_url(url, retry=retry)  # pyright: ignore[reportUnknownMemberType]


async def main(seed: int) -> int:
    console.print(f"chaos: seed {seed}, kills {KILLS}")
    with tempfile.TemporaryDirectory(prefix="headgate-chaos-") as name:
        battle = Battle(Path(name), seed)
        battle.store.start()
        redis = client(battle.store.server.url)
        log = RedisEventLog(redis, battle.streams)
        try:
            for service in battle.services:
                service.start()
            await battle.begun(redis)
            async with Proposer(redis, battle.streams, f"chaos-{new_id()}", now) as proposer:
                load = Load(redis, battle.streams, proposer, battle.random, await limited(proposer))
                running = asyncio.create_task(load.run(PRODUCERS))
                await wait_until(lambda: len(load.answers) > 200, QUIET_S)
                await battle.fight(load, log)
                load.stopping = True
                await asyncio.wait_for(running, QUIET_S)
                slots_wrong = await slots_are_wrong(log, load)
            await battle.settle(log)
            findings = await audit(redis, battle.streams, load.answers)
            replay = await asyncio.to_thread(battle.replayed)
            stopped = [service.stop() for service in battle.services]
        finally:
            for service in battle.services:
                service.end()
            await redis.aclose()
            battle.store.server.kill()
    return report(battle, load, findings, replay, [slots_wrong, *stopped])


async def slots_are_wrong(log: RedisEventLog, load: Load) -> int:
    """Whether a slot has leaked, or is held by a run that should not: 0 when neither is so."""

    async def all_are_free() -> bool:
        found = await holders(log)
        return found.are_exact and not found.holding

    async def taken_by_these() -> bool:
        found = await holders(log)
        return found.are_exact and found.holding == runs

    taken, refused = load.slots_taken, load.slots_refused
    console.print(f"slots: taken {taken}, refused {refused}", end=", ")
    try:
        await wait_until(all_are_free, QUIET_S)
        started = [
            await load.started(deployment)
            for deployment, slots in load.limited.slots.items()
            for _ in range(slots + 1)
        ]
        runs = frozenset(run for run in started if run is not None)
        await wait_until(taken_by_these, QUIET_S)
        for run in runs:
            await load.ended(run)
        await wait_until(all_are_free, QUIET_S)
    except AssertionError:
        console.print(f"[red]LEAKED: {await holders(log)}")
        return 1
    is_full = len(runs) == sum(load.limited.slots.values())
    console.print(f"then held by exactly {len(runs)} of {len(started)} runs, and free at the end")
    return int(not (is_full and taken and refused))


def report(
    battle: Battle,
    load: Load,
    found: Findings,
    replay: subprocess.CompletedProcess[str],
    codes: list[int],
) -> int:
    """Print what happened; 0 when nothing is lost, doubled, inverted or broken."""
    for name, times in KILLS.items():
        caught, flying = battle.caught[name], battle.in_flight[name]
        console.print(f"killed {name} {times} times, {caught} of them with {flying} in flight")
    console.print(
        f"acknowledged {len(load.answers)}, lost {found.lost}, decided twice {found.twice}, "
        f"order inverted {found.inverted}, answers untrue {found.answers_untrue}, "
        f"answers changed {len(load.changed_answers)}"
    )
    console.print(
        f"proposals {found.proposals}, repeated {load.repeated}, decisions {found.decisions}"
    )
    if found.twice:
        console.print(f"first decided twice: {found.first_decided_twice}")
    exact = "exact" if not found.dead_letters_wrong else f"{found.dead_letters_wrong} WRONG"
    console.print(f"dead letters {found.dead_letters} of {found.poison} poisoned: {exact}")
    console.print(replay.stdout.strip(), replay.stderr.strip())
    faults = (
        found.lost, found.twice, found.inverted, found.answers_untrue, found.dead_letters_wrong,
        found.chain_broken, len(load.changed_answers), replay.returncode, *codes,
        *(battle.caught[name] == 0 for name in KILLS),
    )  # fmt: skip
    console.print("[red]FAILED" if any(faults) else "[green]nothing was lost")
    return int(any(faults))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else os.getpid())))
