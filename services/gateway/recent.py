"""A bounded memory of what is known to exist; the oldest is forgotten first."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """At most *most* entries; reading one keeps it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._entries: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """The value of *key*, if it is still known."""
        value = self._entries.pop(key, None)
        if value is not None:
            self._entries[key] = value
        return value

    def put(self, key: K, value: V) -> None:
        """Remember *value*."""
        self._entries.pop(key, None)
        self._entries[key] = value
        if len(self._entries) > self._most:
            del self._entries[next(iter(self._entries))]

    def forget(self, key: K) -> None:
        """Know nothing of *key*."""
        self._entries.pop(key, None)

    def __len__(self) -> int:
        return len(self._entries)
