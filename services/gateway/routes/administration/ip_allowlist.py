"""The IP allow list: read, replaced, and asked whether the caller is on it."""

from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from events.instants import Instant
from events.resources.administration.ip_allowlist import (
    ENTRIES_MAX,
    ID,
    Description,
    IpAllowlist,
    IpAllowlistEntry,
    network_of,
)

from ...context import Context
from ...guards.networks import network_with
from ...guards.refusing import host_of
from ...http.calls import Call
from ...http.errors import NO_CONTENT, Reply, answered, invalid
from ...http.operations import Operation
from ...resources import store
from ..bodies import Body


class IPAllowlistEntryGiven(Body, frozen=True, kw_only=True):
    """A network that may come in while it is *enabled*; *last_seen* is ours to say."""

    ip_network: str
    enabled: bool
    description: Description | None = None
    last_seen: str | None = None


class IPAllowlistUpdate(Body, frozen=True, kw_only=True):
    """The entries that there are to be, instead of those that there are."""

    entries: Annotated[list[IPAllowlistEntryGiven], Meta(max_length=ENTRIES_MAX)]


class IPAllowlistEntryResponse(Struct, frozen=True, kw_only=True):
    """A network, and when this gateway last saw somebody come in from it."""

    ip_network: str
    enabled: bool
    description: str | None
    last_seen: Instant | None


class IPAllowlistResponse(Struct, frozen=True, kw_only=True):
    """The list."""

    entries: list[IPAllowlistEntryResponse]


class IPAllowlistMyAccessResponse(Struct, frozen=True, kw_only=True):
    """Whether the list lets the caller in, and why."""

    allowed: bool
    detail: str


async def read_ip_allowlist(context: Context, call: Call) -> Reply:
    """The list; without a single entry until somebody writes one."""
    found = await context.resource(IpAllowlist, ID)
    entries = [] if found is None else found.entries
    return answered(IPAllowlistResponse(entries=[_shown(context, each) for each in entries]))


async def update_ip_allowlist(context: Context, call: Call) -> Reply:
    """Replace the list, unless its author could not go on under it."""
    given = call.as_a(IPAllowlistUpdate).entries
    entries = [_entry(number, each) for number, each in enumerate(given)]
    wanted = IpAllowlist(id=ID, entries=entries)
    host, networks = host_of(call.scope), wanted.networks()
    if context.allow_list.is_enforced and networks and network_with(host, networks) is None:
        raise invalid(
            f"Value error, You would lock yourself out: {host or 'your address'} is in no enabled"
            " entry.",
            *("body", "entries"),
        )
    stored, _ = await store(context, wanted, if_exists="amend", given=["entries"])
    context.allow_list.take(stored)
    return NO_CONTENT


async def read_my_access(context: Context, call: Call) -> Reply:
    """Whether the list lets in who asks, by the address that he comes from."""
    allow_list, host = context.allow_list, host_of(call.scope)
    if not allow_list.is_enforced:
        return _said(True, "This server does not enforce its IP allow list.")
    if allow_list.is_open:
        return _said(True, "The IP allow list has no enabled entry, which lets everybody in.")
    network = allow_list.network_of(host)
    if network is None:
        return _said(False, f"{host or 'Your address'} is in no enabled entry.")
    return _said(True, f"{host} is in {network}.")


def _entry(number: int, given: IPAllowlistEntryGiven) -> IpAllowlistEntry:
    """What is kept of an entry; raises `Refused` with a 422 that names it."""
    try:
        network = network_of(given.ip_network)
    except ValueError:
        message = "Value error, is neither an address nor a network such as 10.0.0.0/8"
        raise invalid(message, "body", "entries", number, "ip_network") from None
    return IpAllowlistEntry(
        ip_network=str(network), enabled=given.enabled, description=given.description
    )


def _shown(context: Context, entry: IpAllowlistEntry) -> IPAllowlistEntryResponse:
    return IPAllowlistEntryResponse(
        ip_network=entry.ip_network,
        enabled=entry.enabled,
        description=entry.description,
        last_seen=context.allow_list.last_seen(network_of(entry.ip_network)),
    )


def _said(allowed: bool, detail: str) -> Reply:
    return answered(IPAllowlistMyAccessResponse(allowed=allowed, detail=detail))


_operation = partial(Operation, tag="IP Allowlist")
AT = "/ip_allowlist"

OPERATIONS = (
    _operation(method="GET", path=AT, handler=read_ip_allowlist, summary="Read Ip Allowlist",
               gives=IPAllowlistResponse),
    _operation(method="PUT", path=AT, handler=update_ip_allowlist,
               summary="Update Ip Allowlist", takes=IPAllowlistUpdate, statuses=(204,),
               is_for_admins=True),
    _operation(method="GET", path=f"{AT}/my_access", handler=read_my_access,
               summary="Read My Access", gives=IPAllowlistMyAccessResponse),
)  # fmt: skip
