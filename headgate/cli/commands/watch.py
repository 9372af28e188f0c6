"""`headgate watch` follows the transitions, from now or from an earlier point, until Ctrl-C."""

import asyncio
import re
from contextlib import suppress
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from rich.console import Console

from events.decisions import Recorded
from events.instants import millis_of
from events.wire.codec import encode

from ... import clock, reading
from ...bus.connecting import redis_of
from ...client import Headgate
from ..console import coloured, out, plain
from ..spans import instant
from ..where import HERE, Where


def watch(
    *,
    run: UUID | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    json: bool = False,
    count: int | None = None,
    where: Where = HERE,
) -> int:
    """Follow the transitions until Ctrl-C.

    Parameters
    ----------
    run
        Only this run's, and those of its task runs.
    from_
        Where to begin: an entry's id (what follows it is shown), a time, or a span before now
        such as 15m; left out, now.
    json
        One JSON object per line.
    count
        End after so many.
    """
    with suppress(KeyboardInterrupt):  # the way to end it
        asyncio.run(_watch(run, _after(from_), json, count, where))
    return 0


def _after(text: str | None) -> str | None:
    if text is None or re.fullmatch(r"\d+-\d+", text):
        return text
    return f"{max(0, millis_of(instant(text, clock.now())))}-0"


async def _watch(
    run: UUID | None, after: str | None, json: bool, count: int | None, where: Where
) -> None:
    settings, console, shown = where.settings(), out(), 0
    with redis_of(settings) as url:
        async with Headgate(url, prefix=settings.prefix) as headgate:
            async for each in headgate.transitions(after, run):
                if json:
                    console.out(encode(each).decode(), highlight=False)
                else:
                    line(console, each)
                shown += 1
                if shown == count:
                    return


def line(console: Console, recorded: Recorded) -> None:
    """Show one decision on one line."""
    decision = recorded.decision
    asked, states = decision.asked, reading.entered(decision)
    wanted = (asked.name or asked.type.title()) if asked else decision.kind
    console.print(
        f"[dim]{decision.at:%H:%M:%S.%f}[/]"[:-6] + "[/]",
        f"[dim]{recorded.partition}/{recorded.entry_id}[/]",
        decision.subject,
        plain(wanted),
        coloured(decision.outcome, decision.outcome),
        *(["→", *(coloured(state.name, state.type) for state in states)] if states else []),
        *([f"[dim]{decision.rule}[/]"] if decision.rule else []),
        *([plain(decision.reason)] if decision.reason else []),
        soft_wrap=True,
    )
