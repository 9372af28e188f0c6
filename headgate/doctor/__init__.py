"""What can be wrong with an installation: a function for each, and each says what to do next."""

from ..settings import Settings
from .finding import Finding
from .machine import database, directory, packages, parser, port
from .on_redis import redis

__all__ = ["Finding", "examine"]


async def examine(settings: Settings) -> list[Finding]:
    """Everything that was looked at, in the order in which a person would."""
    found = [each for look in (packages, parser, directory, port) for each in look(settings)]
    return [*found, *await redis(settings), *database(settings)]
