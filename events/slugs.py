"""Two-word names for runs that were given none, derived from their ids."""

from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

if TYPE_CHECKING:
    from coolname import RandomGenerator


@cache
def _generator() -> tuple[Random, "RandomGenerator"]:
    from coolname import RandomGenerator  # its words are read when the first run wants some
    from coolname.data import config

    random = Random(0)
    return random, RandomGenerator(cast("Any", config), random)


def slug_of(id: UUID) -> str:
    """The same two words for the same id, such as `tall-ibis`."""
    random, generator = _generator()
    random.seed(id.int)
    return generator.generate_slug(2)
