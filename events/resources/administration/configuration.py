"""Configuration: values that people keep on the server under keys; it does nothing with them."""

from typing import Any

from ..resource import Kind, Resource


class Configuration(Resource, frozen=True, kw_only=True, tag="configuration.v1"):
    """A value under a key. Keys are unique."""

    key: str
    value: dict[str, Any]


CONFIGURATION = Kind(type=Configuration, keys=(("key",),), fixed=frozenset({"key"}), called="key")
