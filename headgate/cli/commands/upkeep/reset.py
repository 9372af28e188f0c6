"""`headgate reset` empties a server: its log and its views, and nothing else."""

import asyncio
import sys
from typing import Annotated, Any

from cyclopts import Parameter
from sqlalchemy import Engine

from events.streams import Streams
from projections.clearing import clear, tables_of
from projections.views import PROJECTIONS

from ....bus.connecting import connected, log_on, redis_of, services_on
from ....errors import ForPeople, Misused
from ....settings import Settings, masked
from ....views import views_at
from ...console import out
from ...where import HERE, Where

CONSENT = "yes"
LOOKS, LOOK_S = 20, 0.05
"""Redis knows a connection for a moment longer than the service that has just ended."""


class StillRunning(ForPeople):
    """Services work on what was to be deleted; the message says which."""


def reset(*, yes: Annotated[bool, Parameter(negative=())] = False, where: Where = HERE) -> int:
    """Delete the log and the views of a server, after saying what goes and asking.

    No service may run on it. The key of secrets, settings and files of others stay.

    Parameters
    ----------
    yes
        Do not ask.
    """
    settings = where.settings()
    with redis_of(settings, stopped=True) as url, views_at(settings.views_url) as engine:
        return asyncio.run(_reset(settings, url, engine, yes))


async def _reset(settings: Settings, url: str, engine: Engine, yes: bool) -> int:
    redis = connected(url)
    try:
        await _refuse_while_running(redis, settings)
        keys: list[bytes] = [each async for each in redis.scan_iter(f"{settings.prefix}:*")]
        tables = tables_of(engine, PROJECTIONS)
        out().print(await _said(redis, settings, url, len(keys), len(tables)), soft_wrap=True)
        if not yes and not _consents():
            out().print("nothing was deleted")
            return 1
        await _refuse_while_running(redis, settings)
        clear(engine, PROJECTIONS)  # first: what is left of a log is folded again
        if keys:
            await redis.unlink(*keys)
        out().print("the server is empty")
        return 0
    finally:
        await redis.aclose()


async def _refuse_while_running(redis: Any, settings: Settings) -> None:
    looks = LOOKS
    while running := await services_on(redis, settings.prefix):
        looks -= 1
        if looks == 0:
            raise StillRunning(
                f"there still runs on {settings.prefix!r}: {', '.join(running)}; stop it first"
            )
        await asyncio.sleep(LOOK_S)


async def _said(redis: Any, settings: Settings, url: str, keys: int, tables: int) -> str:
    """What will be gone."""
    decisions = 0
    if await redis.exists(Streams(prefix=settings.prefix).format):
        log = await log_on(redis, settings.prefix)
        heads = [await log.head(each) for each in log.streams.every()]
        decisions = sum(head.position for head in heads)
    place = masked(url) if settings.redis_url else f"the data directory {settings.root}"
    return (
        f"This deletes, for good,\n"
        f"  the log {settings.prefix!r} in {place}: {decisions} decisions, {keys} keys;\n"
        f"  the views in {masked(settings.views_url)}: {tables} tables."
    )


def _consents() -> bool:
    """Whether somebody is there and says so."""
    if not sys.stdin.isatty():
        raise Misused("nobody is there to ask; `headgate reset --yes` deletes without asking")
    return input(f"Type {CONSENT!r} to go on: ").strip() == CONSENT
