"""The IP allow list: the networks that may come in; there is one for a server."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated
from uuid import uuid5

from msgspec import Meta, Struct

from ...identity import NAMESPACE
from ..resource import Kind, Resource

Network = IPv4Network | IPv6Network

NAME = "default"
ID = uuid5(NAMESPACE, "ip_allowlist")
"""The id of the one list, known without looking."""

ENTRIES_MAX = 1_000
_MAPPED_BITS = 96

Description = Annotated[str, Meta(max_length=1_000)]


class IpAllowlistEntry(Struct, frozen=True, kw_only=True):
    """A network that may come in while it is *enabled*; ValueError when it is none."""

    ip_network: Annotated[str, Meta(max_length=64)]
    enabled: bool = True
    description: Description | None = None

    def __post_init__(self) -> None:
        network_of(self.ip_network)


class IpAllowlist(Resource, frozen=True, kw_only=True, tag="ip_allowlist.v1"):
    """The list. Without an enabled entry it keeps nobody out."""

    name: str = NAME
    entries: Annotated[list[IpAllowlistEntry], Meta(max_length=ENTRIES_MAX)] = []

    def networks(self) -> tuple[Network, ...]:
        """Those that may come in, in the order of the entries."""
        return tuple(network_of(each.ip_network) for each in self.entries if each.enabled)


IP_ALLOWLIST = Kind(type=IpAllowlist, keys=(("name",),), fixed=frozenset({"name"}))


def network_of(written: str) -> Network:
    """The network of an address, or of one with a prefix such as `10.0.0.0/8`; ValueError if none.

    What of an IPv6 network stands for an IPv4 one is that one, as callers' addresses are.
    """
    found = ip_network(written, strict=False)
    if isinstance(found, IPv6Network) and found.prefixlen >= _MAPPED_BITS:
        mapped = found.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, found.prefixlen - _MAPPED_BITS))
    return found
