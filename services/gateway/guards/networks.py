"""Only those come in whose address is in one of some networks."""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network

from msgspec import json
from starlette.types import ASGIApp, Receive, Scope, Send

from events.resources.administration.ip_allowlist import Network

from ..http.errors import Reply
from ..recent import Recent
from .refusing import host_of, refuse

FORBIDDEN = Reply(403, json.encode({"exception_message": "Forbidden: not from this address"}))
ADDRESSES_MAX = 10_000
"""Addresses that are remembered."""


class Networks:
    """*app* for the *networks*, such as `10.0.0.0/8`."""

    def __init__(self, app: ASGIApp, networks: tuple[str, ...]) -> None:
        self._app = app
        self._networks: list[Network] = [ip_network(each, strict=False) for each in networks]
        self._known: Recent[str, bool] = Recent(ADDRESSES_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._may_come(host_of(scope)):
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, FORBIDDEN)

    def _may_come(self, host: str) -> bool:
        known = self._known.get(host)
        if known is None:
            known = network_with(host, self._networks) is not None
            self._known.put(host, known)
        return known


def network_with(host: str, networks: Iterable[Network]) -> Network | None:
    """The first of *networks* that the address *host* is in; None also for what is no address."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return next((network for network in networks if address in network), None)
