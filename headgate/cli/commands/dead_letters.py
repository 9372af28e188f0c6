"""`headgate dead-letters` lists what could not be decided, and sends it again."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ...bus import dead_letters as letters_of
from ...bus.connecting import connected, log_on, redis_of
from ...bus.dead_letters import Letter
from ...errors import Misused
from ..console import complain, err, out, plain
from ..where import HERE, Where

BODY_SHOWN = 200

dead_letters = App(
    name="dead-letters", help="List proposals that could not be decided, or send them again."
)


@dead_letters.command(name="list")
def list_letters(*, all: bool = False, where: Where = HERE) -> int:
    """List the dead letters that were not sent again: where, why, and what they said.

    Parameters
    ----------
    all
        Also those that were sent again.
    """
    found = [each for each in asyncio.run(_read(where)) if all or each.again is None]
    for each in found:
        out().print(_line(each), soft_wrap=True)
    if not found:
        err().print("there are no dead letters")
    return 0


@dead_letters.command
def resubmit(
    *names: str,
    all: bool = False,
    edited: Annotated[Path | None, Parameter(name="--edited")] = None,
    where: Where = HERE,
) -> int:
    """Propose dead letters again, as they came or edited.

    Parameters
    ----------
    names
        The letters, as `headgate dead-letters list` names them.
    all
        All that were not sent again.
    edited
        A file with the corrected JSON of the one letter that is named.
    """
    if bool(names) == all:
        raise Misused("name the dead letters to send again, or give --all")
    if edited and len(names) != 1:
        raise Misused("an edited proposal stands for one dead letter: name it")
    body = _read_edited(edited) if edited else None
    return 1 if asyncio.run(_resubmit(names, body, where)) else 0


def _read_edited(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Misused(f"cannot read {file}: {error.strerror}") from error


async def _read(where: Where) -> list[Letter]:
    settings = where.settings()
    with redis_of(settings, stopped=True) as url:
        redis = connected(url)
        try:
            log = await log_on(redis, settings.prefix)
            return [each async for each in letters_of.letters(redis, log)]
        finally:
            await redis.aclose()


async def _resubmit(names: tuple[str, ...], body: bytes | None, where: Where) -> int:
    """Send them; how many would only come back."""
    settings, refused = where.settings(), 0
    with redis_of(settings) as url:
        redis = connected(url)
        try:
            log = await log_on(redis, settings.prefix)
            found = [each async for each in letters_of.letters(redis, log)]
            chosen = letters_of.chosen(found, names)
            for each in chosen or [each for each in found if each.again is None]:
                try:
                    entry = await letters_of.resubmit(redis, log, each, body)
                    out().print(f"{each.name} is sent again as proposals entry {entry}")
                except letters_of.WouldComeBack as error:
                    refused += 1
                    complain(str(error))
        finally:
            await redis.aclose()
    return refused


def _line(letter: Letter) -> str:
    """A dead letter on one line, its JSON cut where it gets long."""
    body = " ".join(letter.letter.body[: BODY_SHOWN + 1].decode(errors="replace").split())
    shown = body if len(body) <= BODY_SHOWN else f"{body[:BODY_SHOWN]}…"
    field = f" at {letter.letter.field}" if letter.letter.field else ""
    again = f" [green](sent again as {letter.again})[/]" if letter.again else ""
    reason = plain(f"{letter.letter.reason}{field}")
    return f"{letter.name} [red]{reason}[/]{again} [dim]{plain(shown)}[/]"
