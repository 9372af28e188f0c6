"""What can be wrong with Redis: away, read-only, full, forgetful, or holding another log."""

from typing import Any

from redis.exceptions import AuthenticationError, RedisError

from events.streams import Streams

from ..bus import data_dir, embedded
from ..bus.connecting import connected
from ..errors import ForPeople
from ..settings import Settings, masked
from .finding import Finding, fine, wrong

OLDEST = (6, 2)
PROBE_MS = 1_000

REFUSALS = {
    "READONLY": "is a read-only replica; set HEADGATE_REDIS_URL to its primary",
    "MISCONF": "cannot write to its disk; free space there, then look at its log",
    "OOM": "is full: it has reached maxmemory; raise it, or give the machine more memory",
    "NOPERM": "does not let this user write; grant it all commands on the keys of the prefix",
    "NOREPLICAS": "has too few replicas to accept writes; start them",
    "LOADING": "is still loading its file; wait until it has",
}
"""What Redis says first when it refuses a write, and what that means."""

NAMED = {
    "ReadOnlyError": "READONLY",
    "OutOfMemoryError": "OOM",
    "NoPermissionError": "NOPERM",
    "BusyLoadingError": "LOADING",
}
"""Errors from which redis-py has taken that first word."""


async def redis(settings: Settings) -> list[Finding]:
    """Redis answers, takes writes, keeps what it took, and holds our log or none."""
    url = settings.redis_url or embedded.running_url(settings.root)
    if url is None and (owner := data_dir.owner(settings.root)) is not None:
        said = f"process {owner} runs on {settings.root}, and its Redis does not answer"
        mend = f"stop it and start it again; {settings.root / 'redis' / 'redis.log'} says why"
        return [wrong("redis", said, mend)]
    if url is None:
        try:
            return [fine("redis", f"embedded, not running: {embedded.binary()}")]
        except ForPeople as error:
            said, _, mend = str(error).partition("; ")
            return [wrong("redis", said, mend)]
    client, where = connected(url), f"Redis at {masked(url)}"
    try:
        about: dict[str, Any] = await client.info()
        version = about["redis_version"]
        return [
            fine("redis", f"{where} is version {version}"),
            await _takes(client, where, settings),
            *_keeps(where, about),
            await _holds(client, settings),
        ]
    except AuthenticationError as error:
        return [wrong("redis", f"{where} refuses us: {error}", "correct HEADGATE_REDIS_URL")]
    except (RedisError, OSError) as error:
        said = f"{where} does not answer: {error}"
        return [
            _refusal("redis", where, error)
            or wrong("redis", said, "start it, or correct HEADGATE_REDIS_URL")
        ]
    finally:
        await client.aclose()


async def _takes(client: Any, where: str, settings: Settings) -> Finding:
    try:
        await client.set(Streams(prefix=settings.prefix).probe, b"", px=PROBE_MS)
    except RedisError as error:
        said = f"{where} refuses them: {error}"
        return _refusal("redis writes", where, error) or wrong(
            "redis writes", said, "look at its log"
        )
    return fine("redis writes", "accepted")


def _refusal(about: str, where: str, error: Exception) -> Finding | None:
    """What *error* means, when it is one that Redis names."""
    code = NAMED.get(type(error).__name__, str(error).partition(" ")[0])
    if code not in REFUSALS:
        return None
    what, _, mend = REFUSALS[code].partition("; ")
    return wrong(about, f"{where} {what} ({error})", mend)


def _keeps(where: str, about: dict[str, Any]) -> list[Finding]:
    found: list[Finding] = []
    if tuple(int(part) for part in str(about["redis_version"]).split(".")[:2]) < OLDEST:
        found.append(wrong("redis version", f"{where} is older than 6.2", "upgrade it"))
    policy = about.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        found.append(
            wrong(
                "redis eviction",
                f"{where} forgets keys when it is full: maxmemory-policy is {policy}",
                "redis-cli config set maxmemory-policy noeviction, and write it to redis.conf",
            )
        )
    if not about.get("aof_enabled"):
        found.append(
            wrong(
                "redis durability",
                f"{where} keeps no append-only file: what it accepted is gone when it dies",
                "redis-cli config set appendonly yes, and write it to redis.conf",
            )
        )
    elif about.get("aof_last_write_status") == "err":
        said = f"{where} could not write its append-only file"
        found.append(wrong("redis durability", said, "free space on its disk"))
    return found or [fine("redis durability", "append-only file, no eviction")]


async def _holds(client: Any, settings: Settings) -> Finding:
    key = Streams(prefix=settings.prefix).format
    try:
        created = await client.hget(key, "partitions")
    except RedisError as error:
        said = f"{key} is not ours: {error}"
        return wrong("log", said, "set HEADGATE_PREFIX to another one")
    if created is None:
        return fine("log", f"none yet under the prefix {settings.prefix!r}")
    there, ours = int(created), settings.partitions
    if ours is not None and ours != there:
        return wrong(
            "log",
            f"it was created with {there} partitions, and the setting is {ours}",
            f"set HEADGATE_PARTITIONS={there}, or another HEADGATE_PREFIX",
        )
    streams = Streams(partitions=there, prefix=settings.prefix)
    leases = [await client.exists(streams.lease(each)) for each in streams.every()]
    decided = f"{sum(leases)} of {len(leases)} have a rule processor"
    return fine("log", f"{there} partitions and control; {decided}")
