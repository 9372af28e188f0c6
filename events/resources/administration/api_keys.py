"""API keys: who may ask for what, under a name; of the key itself only a hash is kept."""

from typing import Literal

from ..resource import Kind, Resource

Scope = Literal["read", "propose", "admin"]
"""To look; to change runs and resources as well; to change keys and the server as well."""


class ApiKey(Resource, frozen=True, kw_only=True, tag="api_key.v1"):
    """A key whose SHA-256 is *hash*, in hexadecimal digits. Names are unique."""

    name: str
    scope: Scope
    hash: str


API_KEY = Kind(type=ApiKey, keys=(("name",), ("hash",)), fixed=frozenset({"name", "scope", "hash"}))
