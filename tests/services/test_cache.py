"""The entities of a partition that were in use lately; never ahead of what is committed."""

from uuid import UUID

from events.entities import Alias, Entity
from services.rule_processor.cache import Cache


def aliases(*keys: str) -> dict[str, Entity]:
    """An entity for each key, any one."""
    return {key: Alias(id=UUID(int=place)) for place, key in enumerate(keys)}


def test_what_was_kept_is_known_and_the_rest_is_not() -> None:
    cache = Cache()
    cache.keep(aliases("a", "b"))
    assert cache.known(["a", "c"]) == {"a": Alias(id=UUID(int=0))}


def test_the_least_recently_used_goes_first() -> None:
    cache = Cache(entities_max=2)
    cache.keep(aliases("a", "b"))
    cache.known(["a"])
    cache.keep(aliases("c"))
    assert cache.known("abc").keys() == {"a", "c"}
    assert len(cache) == 2


def test_what_is_forgotten_is_not_known() -> None:
    cache = Cache()
    cache.keep(aliases("a"))
    cache.forget()
    assert cache.known("a") == {}
