"""What can be wrong with an installation, one function for each; each says what to do next."""

import errno
import importlib.util
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

from msgspec import Struct
from redis.exceptions import AuthenticationError, RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from events.streams import Streams
from projections.store import open_engine

from . import data_dir, embedded
from .connecting import connected
from .errors import ForPeople
from .settings import Settings, masked

PACKAGES = ("events", "services", "projections", "headgate")
REDIS_OLDEST = (6, 2)
PROBE_MS = 1_000

REFUSALS = {
    "READONLY": "is a read-only replica; set HEADGATE_REDIS_URL to its primary",
    "MISCONF": "cannot write to its disk; free space there, then look at its log",
    "OOM": "is full: it has reached maxmemory; raise it, or archive and trim",
    "NOPERM": "does not let this user write; grant it all commands on the keys of the prefix",
    "NOREPLICAS": "has too few replicas to accept writes; start them, or lower min-replicas-to-write",
    "LOADING": "is still loading its file; wait until it has",
}
"""What Redis says first when it refuses a write, and what that means."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that was looked at. *mend* says what to do, and is there when it is wrong."""

    about: str
    said: str
    mend: str | None = None


Check = Callable[[Settings], Awaitable[list[Finding]]]


def fine(about: str, said: str) -> list[Finding]:
    return [Finding(about=about, said=said)]


def wrong(about: str, said: str, mend: str) -> list[Finding]:
    return [Finding(about=about, said=said, mend=mend)]


async def packages(_: Settings) -> list[Finding]:
    """Our packages are ours: a distribution that installs its own `events` would replace them."""
    root = Path(__file__).resolve().parents[1]
    for name in PACKAGES:
        found = importlib.util.find_spec(name)
        place = Path(found.origin).resolve() if found and found.origin else None
        if place is None or not place.is_relative_to(root):
            others = ", ".join(packages_distributions().get(name, ["an unknown distribution"]))
            return wrong(
                "packages",
                f"`{name}` is {place}, not ours in {root}",
                f"uninstall {others} from this environment, or set PYTHONPATH={root}",
            )
    return fine("packages", f"all in {root}")


async def parser(_: Settings) -> list[Finding]:
    """hiredis is there: without it, reading costs twice as much."""
    if importlib.util.find_spec("hiredis") is None:
        return wrong("hiredis", "not installed: Redis is read slowly", "install hiredis")
    return fine("hiredis", "installed")


async def directory(settings: Settings) -> list[Finding]:
    """The data directory can be written, where it is needed."""
    if settings.redis_url and settings.database_url:
        return []
    try:
        data_dir.prepare(settings.root)
    except data_dir.DataDirUnusable as error:
        said, _, mend = str(error).partition("; ")
        return wrong("data directory", said, mend)
    return fine("data directory", str(settings.root))


async def port(settings: Settings) -> list[Finding]:
    """The gateway's port is free, or it is our own gateway that listens there."""
    where = f"{settings.host}:{settings.port}"
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            pid = data_dir.owner(settings.root)
            if error.errno == errno.EADDRINUSE and pid is not None:
                return fine("port", f"{where} is taken, and Headgate runs as process {pid}")
            return wrong(
                "port",
                f"cannot listen on {where}: {error.strerror}",
                "stop what listens there (`ss -ltnp` names it), or set HEADGATE_PORT",
            )
    return fine("port", f"{where} is free")


async def redis(settings: Settings) -> list[Finding]:
    """Redis answers, takes writes, and keeps what it took."""
    url = settings.redis_url or embedded.running_url(settings.root)
    if url is None:
        try:
            return fine("redis", f"embedded, not running: {embedded.binary()}")
        except ForPeople as error:
            said, _, mend = str(error).partition("; ")
            return wrong("redis", said, mend)
    client = connected(url)
    try:
        return [finding async for finding in _redis(client, url, settings)]
    finally:
        await client.aclose()


async def _redis(client: Any, url: str, settings: Settings) -> AsyncIterator[Finding]:
    where = f"Redis at {masked(url)}"
    try:
        about: dict[str, Any] = await client.info()
    except AuthenticationError as error:
        yield wrong("redis", f"{where} refuses us: {error}", "correct HEADGATE_REDIS_URL")[0]
        return
    except (RedisError, OSError) as error:
        yield wrong(
            "redis", f"{where} does not answer: {error}", "start it, or correct HEADGATE_REDIS_URL"
        )[0]
        return
    yield Finding(about="redis", said=f"{where} is version {about['redis_version']}")
    yield await _writes(client, where, settings)
    for finding in _keeps(where, about):
        yield finding
    yield await _format(client, settings)


async def _writes(client: Any, where: str, settings: Settings) -> Finding:
    key = Streams(prefix=settings.prefix).probe
    try:
        await client.set(key, b"", px=PROBE_MS)
    except RedisError as error:
        # redis-py takes the code off the errors that it knows
        said = f"{type(error).__name__} {error}".upper().replace("READONLYERROR", "READONLY ")
        said = said.replace("OUTOFMEMORYERROR", "OOM ").replace("BUSYLOADINGERROR", "LOADING ")
        said = said.replace("NOPERMISSIONERROR", "NOPERM ")
        for code, meaning in REFUSALS.items():
            if code in said:
                what, _, mend = meaning.partition("; ")
                return wrong("redis writes", f"{where} {what} ({error})", mend)[0]
        return wrong("redis writes", f"{where} refuses writes: {error}", "look at its log")[0]
    return Finding(about="redis writes", said="accepted")


def _keeps(where: str, about: dict[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    version = tuple(int(part) for part in str(about["redis_version"]).split(".")[:2])
    if version < REDIS_OLDEST:
        found += wrong("redis version", f"{where} is older than 6.2", "upgrade it")
    policy = about.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        found += wrong(
            "redis eviction",
            f"{where} forgets keys when it is full: maxmemory-policy is {policy}",
            "redis-cli config set maxmemory-policy noeviction, and write it into redis.conf",
        )
    if not about.get("aof_enabled"):
        found += wrong(
            "redis durability",
            f"{where} keeps no append-only file: what it accepted is gone when it dies",
            "redis-cli config set appendonly yes, and write it into redis.conf",
        )
    elif about.get("aof_last_write_status") == "err":
        found += wrong(
            "redis durability", f"{where} could not write its append-only file", "free its disk"
        )
    return found or [Finding(about="redis durability", said="append-only file, no eviction")]


async def _format(client: Any, settings: Settings) -> Finding:
    streams = Streams(partitions=settings.partitions, prefix=settings.prefix)
    try:
        there = await client.hget(streams.format, "partitions")
    except RedisError as error:
        return wrong(
            "log", f"{streams.format} is not ours: {error}", "set HEADGATE_PREFIX to another one"
        )[0]
    if there is None:
        return Finding(about="log", said=f"none yet under the prefix {settings.prefix!r}")
    if int(there) != settings.partitions:
        return wrong(
            "log",
            f"it was created with {int(there)} partitions, and the setting is {settings.partitions}",
            f"set HEADGATE_PARTITIONS={int(there)}, or another HEADGATE_PREFIX",
        )[0]
    leases = [await client.exists(streams.lease(each)) for each in streams.every()]
    decided = f"{sum(leases)} of {len(leases)} partitions have a rule processor"
    return Finding(about="log", said=f"{settings.partitions} partitions and control; {decided}")


async def database(settings: Settings) -> list[Finding]:
    """The database of the views answers."""
    url = masked(settings.views_url)
    try:
        engine = open_engine(settings.views_url)
        try:
            with engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        finally:
            engine.dispose()
    except (SQLAlchemyError, OSError) as error:
        said = str(getattr(error, "orig", error)).strip().splitlines()[0]
        return wrong(
            "database",
            f"{url} cannot be used: {said}",
            "start it, or correct HEADGATE_DATABASE_URL" if settings.database_url else "see above",
        )
    return fine("database", url)


CHECKS: tuple[Check, ...] = (packages, parser, directory, port, redis, database)


async def examine(settings: Settings) -> list[Finding]:
    """Everything that was found, in the order of `CHECKS`."""
    return [finding for check in CHECKS for finding in await check(settings)]
