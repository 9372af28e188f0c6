"""The reference and Headgate play the same random scripts: `make parity`."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import blake2b
from pathlib import Path
from random import Random

from msgspec.json import encode
from rich.console import Console
from rich.progress import Progress

from headgate import clock
from headgate.demo.installing import installed
from tests.parity import reference
from tests.parity.contest import Contest, Found, Tally
from tests.parity.kinds import SUBJECTS
from tests.parity.script import Recording
from tests.parity.sides import OverHttp, OverPipe, Side
from tests.support.dev import Dev
from tests.support.quiet import QUIET

ROOT = Path(__file__).parents[2]
REGRESSIONS = Path(__file__).with_name("regressions")
INSIDE = 6
"""Processes in which the reference answers over a pipe; each waits more than it works."""
HTTP_CLIENTS = 1
HTTP_EVERY = 10
"""One sequence of so many goes to the reference over HTTP."""
WITHOUT = {"pipe": (), "HTTP": ("tagged_task_run",)}
"""On SQLite a server of the reference waits for itself when a task run takes a slot of its tag."""
FORGETFUL = QUIET | {
    "services_scheduler_enabled": True, "services_scheduler_max_scheduled_time": 1,
}  # fmt: skip
"""Nothing is done by itself, but that runs of deployments that are deleted go; none are planned."""
SAID_EVERY = 500
"""Where there is no terminal to show progress on, one line for so many sequences."""
FOUND_MAX = 12
"""So many different differences end the comparison: there is something to mend."""

console = Console(width=110, highlight=False)


@asynccontextmanager
async def references(folder: Path) -> AsyncGenerator[tuple[list[Side], list[Side]]]:
    """The reference, over pipes and over HTTP."""
    python = installed(ROOT / ".parity")
    async with AsyncExitStack() as stack:
        for home in ("server", *(f"inside-{n}" for n in range(INSIDE))):
            await reference.prepared(python, folder / home)
        starting = [reference.inside(python, folder / f"inside-{n}") for n in range(INSIDE)]
        server, url = await reference.serving(python, folder / "server")
        stack.push_async_callback(reference.end, server)
        processes = await asyncio.gather(*starting)
        for process in processes:
            stack.push_async_callback(reference.end, process)
        yield [OverPipe(each) for each in processes], [OverHttp(url) for _ in range(HTTP_CLIENTS)]


async def compare(seed: int, sequences: int, subjects: Sequence[str], folder: Path) -> Tally:
    """Play all sequences on both sides."""
    dev = await asyncio.to_thread(Dev(folder / "headgate", **FORGETFUL).start)
    try:
        async with references(folder) as (piped, served):
            tally, began = Tally(), clock.elapsed_s()
            numbers = {"pipe": iter([n for n in range(sequences) if n % HTTP_EVERY]),
                       "HTTP": iter(range(0, sequences, HTTP_EVERY))}  # fmt: skip
            with Progress(console=console, transient=True) as progress:
                shown = progress.add_task("comparing", total=sequences)

                async def work(way: str, side: Side) -> None:
                    contest = Contest(side, OverHttp(dev.url), subjects, WITHOUT[way])
                    for number in numbers[way]:
                        if len(tally.found) >= FOUND_MAX:
                            return
                        found = await contest.hold(Random(f"{seed}/{number}"), tally)
                        tally.ways[way] += 1
                        progress.advance(shown)
                        if not console.is_terminal and tally.sequences % SAID_EVERY == 0:
                            console.print(f"{tally} after {clock.elapsed_s() - began:.0f} s")
                        if found is not None:
                            report(found, number)

                async with asyncio.TaskGroup() as group:
                    for side in piped:
                        group.create_task(work("pipe", side))
                    for side in served:
                        group.create_task(work("HTTP", side))
            return tally
    finally:
        await asyncio.to_thread(dev.stop)
        for line in dev.log.read_text().splitlines():
            if '"level": "info"' not in line:
                console.print(line, markup=False)


def report(found: Found, number: int) -> None:
    """Print the shortest script that shows a difference, and keep it."""
    console.print(f"\n[red]sequence {number} differs[/]: ", end="")
    console.print(str(found.difference), markup=False)
    for step in found.steps:
        body = "" if step.body is None else encode(step.body).decode()
        console.print(f"  {step.method} {step.path} {body}", markup=False, soft_wrap=True)
    if not found.is_lasting:
        for side, seen in zip(("reference", "Headgate"), found.answers, strict=True):
            console.print(f"  {side}: {encode(seen).decode()}", markup=False, soft_wrap=True)
        console.print("  [red]played again, it does not differ: a matter of timing")
        return
    recording = Recording(about=str(found.difference), steps=found.steps, expected=found.expected)
    name = blake2b(encode(found.steps), digest_size=5).hexdigest()
    recording.save(REGRESSIONS / f"{found.steps[-1].kind}-{name}.json")


def main() -> int:
    """Compare, say what was found; 1 when there is a difference that is not meant."""
    seed = int(os.environ.get("PARITY_SEED") or int.from_bytes(os.urandom(4)))
    sequences = int(os.environ.get("PARITY_N") or 20_000)
    subjects = os.environ.get("PARITY_ABOUT", "").split() or list(SUBJECTS)
    console.print(f"parity: PARITY_SEED={seed} PARITY_N={sequences} about {', '.join(subjects)}")
    with tempfile.TemporaryDirectory(prefix="headgate-parity-") as folder:
        tally = asyncio.run(compare(seed, sequences, subjects, Path(folder)))
    ways = ", ".join(f"{count} over {way}" for way, count in sorted(tally.ways.items()))
    console.print(f"the reference was asked: {ways}; Headgate always over HTTP")
    for kind, count in sorted(tally.kinds.items()):
        console.print(f"  {count:7} {kind}")
    for name, count in sorted(tally.known.items()):
        console.print(f"documented: {name}: {count}")
    for side, count in sorted((+tally.played_again).items()):
        console.print(f"played again, because {side} was busy (503): {count}")
    console.print(str(tally))
    return int(tally.differences > 0)


if __name__ == "__main__":
    sys.exit(main())
