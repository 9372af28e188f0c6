"""Private addresses are not sent to, where a block says so."""

import asyncio
import socket
from ipaddress import ip_address


class PrivateAddress(Exception):
    """A host is, or may be, on a private network, or nobody knows where it is."""


async def public_address(host: str) -> str:
    """A public address of *host*. Raises `PrivateAddress` unless all that it has are public."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PrivateAddress("nobody knows the host") from None
    addresses = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    if not addresses or not all(each.is_global and not each.is_multicast for each in addresses):
        raise PrivateAddress("the host is on a private network")
    return str(addresses[0])
