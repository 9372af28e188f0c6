"""Requests, frames and entries that nobody should send: `make fuzz`, FUZZ_N requests of them.

Each run draws a seed and prints it; FUZZ_SEED repeats one. No answer may be a 5xx or other than
the OpenAPI document says, no service may be lost, and the log must verify afterwards. Half of all
goes to a server with its views in SQLite, and half to one with a PostgreSQL.
"""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
from redis.asyncio import Redis
from rich.console import Console

from headgate.client import Headgate
from projections.reads import Views
from projections.store import open_engine
from tests.fuzz.entries import fuzz_entries
from tests.fuzz.findings import SHOWN_MAX, Findings
from tests.fuzz.frames import fuzz_frames
from tests.fuzz.mutating import Mutator
from tests.fuzz.requests import fuzz_requests
from tests.fuzz.verifying import tracebacks, verify
from tests.support.dev import Dev
from tests.support.inhabitants import inhabit
from tests.support.postgres import postgres_server
from tests.support.servers import RedisServer

NUMBER = 20_000
SHARE = 10
"""A tenth as many frames, and a tenth as many entries, as requests."""

FRAMES_OF_PYTHON = 20_000
"""Messages that are mutated six times over nest some 2,000 deep, and copying takes frames."""

console = Console(width=160, soft_wrap=True, highlight=False)


@contextmanager
def sqlite() -> Generator[str]:
    """The URL of a database in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="headgate-fuzz-") as directory:
        yield f"sqlite:///{directory}/views.db"


DATABASES: tuple[Callable[[], AbstractContextManager[str]], ...] = (sqlite, postgres_server)
"""Where the views are, one after the other."""


async def _entries(
    redis_url: str, database_url: str, dev: Dev, number: int, mutator: Mutator, findings: Findings
) -> None:
    redis = Redis.from_url(redis_url)  # pyright: ignore[reportUnknownMemberType]
    engine = open_engine(database_url)
    try:
        with httpx.Client(base_url=dev.url, timeout=20) as api:
            things = inhabit(api)
        async with Headgate(redis_url) as headgate:
            views = Views(engine)
            await fuzz_entries(redis, headgate, views, number, mutator, things, findings)
    finally:
        engine.dispose()
        await redis.aclose()


def _frames(dev: Dev, number: int, mutator: Mutator, findings: Findings) -> None:
    with httpx.Client(base_url=dev.url, timeout=20) as api:
        things = inhabit(api)
    fuzz_frames(dev.url, number, mutator, things, findings)


def _ended(dev: Dev, redis_url: str, database_url: str, findings: Findings) -> None:
    """The server ends when it is asked to, has not stumbled, and what it wrote is sound."""
    code = dev.stop()
    if code != 0:
        findings.found("headgate dev", f"ended with {code}", dev.said())
    for traceback in tracebacks(dev.log.read_text(errors="replace")):
        where = traceback.strip().rpartition("\n")[2][:SHOWN_MAX]
        findings.found("headgate dev", f"stumbled: {where}", traceback[-SHOWN_MAX:])
    verify(redis_url, database_url, findings)


def _fuzzed(
    database_url: str, number: int, seed: int, mutator: Mutator, findings: Findings
) -> None:
    """A server with its views in this database gets *number* requests, and its share of others."""
    with tempfile.TemporaryDirectory(prefix="headgate-fuzz-") as directory:
        redis = RedisServer(Path(directory) / "redis")
        redis.start()
        root = Path(directory) / "data"
        dev = Dev(root, redis_url=redis.url, database_url=database_url).start()
        most = number // SHARE
        try:
            asyncio.run(_entries(redis.url, database_url, dev, most, mutator, findings))
            fuzz_requests(dev.url, number, seed, findings)
            _frames(dev, most, mutator, findings)
        finally:
            _ended(dev, redis.url, database_url, findings)
            redis.kill()


def main() -> int:
    """Run; 1 when something was found."""
    number = int(os.environ.get("FUZZ_N", NUMBER))
    seed = int(os.environ.get("FUZZ_SEED") or secrets.randbelow(2**32))
    console.print(f"seed={seed}: FUZZ_SEED={seed} FUZZ_N={number} make fuzz repeats this")
    sys.setrecursionlimit(FRAMES_OF_PYTHON)
    findings, mutator = Findings(), Mutator(seed)
    share = -(-number // len(DATABASES))
    for place, database in enumerate(DATABASES):
        with database() as url:
            _fuzzed(url, share, seed + place * share, mutator, findings)
    for line in findings.lines():
        console.print(line, markup=False)
    asked = findings.asked
    console.print(f"seed={seed} frames={asked['frames']} entries={asked['entries']}")
    console.print(f"requests={asked['requests']} failures={len(findings)}")
    return 1 if len(findings) else 0


if __name__ == "__main__":
    sys.exit(main())
