"""The entities of a partition that were in use lately; never ahead of what is committed."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from events.entities import Entity

ENTITIES_MAX = 5_000
"""Per partition. An entity takes about 3 KiB, so that nine full partitions take about 130 MiB."""


class Cache:
    """At most *entities_max* entities by key; the least recently used goes first."""

    def __init__(self, entities_max: int = ENTITIES_MAX) -> None:
        self._max = entities_max
        self._entities: OrderedDict[str, Entity] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entities)

    def known(self, keys: Iterable[str]) -> dict[str, Entity]:
        """Those of *keys* that are here."""
        entities = self._entities
        found: dict[str, Entity] = {}
        for key in keys:
            entity = entities.get(key)
            if entity is not None:
                entities.move_to_end(key)
                found[key] = entity
        return found

    def keep(self, committed: Mapping[str, Entity | None]) -> None:
        """Take over entities that are stored exactly so; None is stored no more."""
        entities = self._entities
        for key, entity in committed.items():
            if entity is None:
                entities.pop(key, None)
                continue
            entities[key] = entity
            entities.move_to_end(key)
        while len(entities) > self._max:
            entities.popitem(last=False)

    def forget(self) -> None:
        """Know nothing any more."""
        self._entities.clear()
