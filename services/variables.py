"""Variables that values refer to, as of their last decisions."""

from collections.abc import Iterable
from typing import Any

from events.entities import Alias, Entity
from events.log import EventLog
from events.resources.registry import name_key, resource_key
from events.resources.resource import kind_name
from events.resources.variables import Variable
from events.wire.snapshots import entity_of

from .values import variables_named


class Variables:
    """The variables in *log*."""

    def __init__(self, log: EventLog) -> None:
        self._log = log

    async def named_in(self, value: Any) -> dict[str, Any]:
        """The values of the variables that *value* refers to, by name, as far as they exist."""
        names = variables_named(value)
        if not names:
            return {}
        aliases = await self._read(name_key(Variable, name=name) for name in sorted(names))
        ids = (each.id for each in aliases if isinstance(each, Alias))
        found = await self._read(resource_key(kind_name(Variable), id) for id in ids)
        return {each.name: each.value for each in found if isinstance(each, Variable)}

    async def _read(self, keys: Iterable[str]) -> list[Entity | None]:
        asked = list(keys)
        values = await self._log.snapshots(self._log.streams.control, asked)
        return [entity_of(key, [value]) for key, value in zip(asked, values, strict=True)]
