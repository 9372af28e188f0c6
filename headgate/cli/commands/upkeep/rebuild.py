"""`headgate rebuild` builds views anew from the log, beside those in use, and switches."""

import asyncio
from collections.abc import Sequence

from projections.projection import Projection
from projections.rebuild import BeingRebuilt
from projections.rebuild import rebuild as rebuilt
from projections.store import Store
from projections.views import PROJECTIONS

from .... import clock
from ....bus.connecting import log_of
from ....errors import ForPeople, Misused
from ....views import views_at
from ...console import out
from ...progress import shown
from ...where import HERE, Where


def rebuild(*views: str, where: Where = HERE) -> int:
    """Build views anew from the log, beside those in use, and switch when they have caught up.

    Whoever reads or keeps the views goes on meanwhile, and needs not be there at all.

    Parameters
    ----------
    views
        Their names; all of them when left out.
    """
    there = {each.name: each for each in PROJECTIONS}
    unknown = [name for name in views if name not in there]
    if unknown:
        raise Misused(f"there is no view {unknown[0]}; there are {', '.join(there)}")
    try:
        asyncio.run(_rebuild([there[name] for name in views or there], where))
    except BeingRebuilt as error:
        raise ForPeople(str(error)) from error
    return 0


async def _rebuild(projections: Sequence[Projection], where: Where) -> None:
    settings = where.settings()
    async with log_of(settings, stopped=True) as log:
        with views_at(settings.views_url) as engine, shown("folding") as show:
            for each in projections:
                started = clock.elapsed_s()

                def progress(done: int, total: int, name: str = each.name) -> None:
                    show(name, done, total)

                decisions = await rebuilt(Store(engine), log, each, progress)
                took = clock.elapsed_s() - started
                out().print(f"{each.name}: {decisions} decisions folded in {took:.1f} s")
