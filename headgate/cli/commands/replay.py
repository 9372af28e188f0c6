"""`headgate replay` reads the whole log again, and says whether everything follows from it."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from ...bus.connecting import connected, log_on, redis_of
from ...replay import Verdict
from ...replay import verify as verified
from ..console import complain, out
from ..progress import shown
from ..where import HERE, Where


def replay(*, verify: Annotated[bool, Parameter(negative=())] = False, where: Where = HERE) -> int:
    """Read the log again from its first entry; ends with 1 when something does not follow from it.

    Parameters
    ----------
    verify
        Said for clarity: the chain, every snapshot and every view are always compared.
    """
    del verify
    verdict = asyncio.run(_verified(where))
    faults = verdict.faults
    out().print(verdict.summary(), soft_wrap=True)
    for fault in faults:
        complain(fault)
    return 1 if faults else 0


async def _verified(where: Where) -> Verdict:
    settings = where.settings()
    with redis_of(settings, stopped=True) as url:
        redis = connected(url)
        try:
            log = await log_on(redis, settings.prefix)
            with shown("reading") as show:
                return await verified(log, redis, settings.views_url, show)
        finally:
            await redis.aclose()
