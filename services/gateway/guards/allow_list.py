"""The allow list is kept in memory and read again and again, so that no request waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime

from msgspec import DecodeError
from starlette.types import ASGIApp, Receive, Scope, Send

from events.resources.administration.ip_allowlist import ID, IpAllowlist, Network
from events.resources.registry import resource_key
from events.resources.resource import kind_name
from events.wire.snapshots import entity_of

from ...patience import end
from ..http.errors import unavailable
from ..recent import Recent
from .networks import ADDRESSES_MAX, FORBIDDEN, network_with
from .open_sockets import OpenSocket
from .refusing import host_of, refuse

READ_ANEW_S = 0.5
RETRY_AFTER_S = 1
ASKED_AT = b"/api/ip_allowlist/my_access"
"""Where everybody may ask whether he may come in, written so and not otherwise."""
PROBED_AT = frozenset({b"/api/health", b"/api/ready"})
"""What answers even while the list is not known: a process that waits for Redis is alive."""

NOWHERE = -1
DISMISSED = "Not from this address any more"

KEY = resource_key(kind_name(IpAllowlist), ID)

Read = Callable[[str], Awaitable[Sequence[bytes | None]]]
"""Finds what is stored under a key of the control partition."""

_log = logging.getLogger(__name__)


class AllowList:
    """Who may come in. Until it is known nobody may, unless it *is_enforced* nowhere.

    While *is_open* nothing has to be asked.
    """

    def __init__(self, now: Callable[[], datetime], *, is_enforced: bool = True) -> None:
        self._now = now
        self.is_enforced = is_enforced
        self.is_open = not is_enforced
        self.is_known = False
        self._networks: tuple[Network, ...] = ()
        self._seen: list[datetime | None] = []
        self._found: Recent[str, int] = Recent(ADDRESSES_MAX)
        self._sockets: set[OpenSocket] = set()
        self._stored: Sequence[bytes | None] = ()
        self._taken = 0
        self._is_away = False
        self._following: asyncio.Task[None] | None = None

    async def start(self, read: Read, outages: tuple[type[Exception], ...]) -> None:
        """Know the list, or try again until it is known; and then whatever becomes of it."""
        await self._read(read, outages)
        self._following = asyncio.create_task(self._follow(read, outages), name="gateway: allowed")
        self._following.add_done_callback(_tell_of)

    async def stop(self) -> None:
        """Read no further."""
        await end(self._following)

    def take(self, allowlist: IpAllowlist | None) -> None:
        """From now on it is this list, until another one is read."""
        self._taken += 1
        self._stored = ()
        seen = dict(zip(self._networks, self._seen, strict=True))
        self._networks = () if allowlist is None else allowlist.networks()
        self._seen = [seen.get(each) for each in self._networks]
        self._found = Recent(ADDRESSES_MAX)
        self.is_known = True
        self.is_open = not self.is_enforced or not self._networks
        for socket in self._sockets:
            if not self.is_open and self._place(socket.host) == NOWHERE:
                socket.dismiss(DISMISSED)

    @contextmanager
    def watching(self, socket: OpenSocket) -> Generator[None]:
        """Close *socket* as soon as its peer may not come in any more."""
        self._sockets.add(socket)
        try:
            yield
        finally:
            self._sockets.remove(socket)

    def network_of(self, host: str) -> Network | None:
        """The network of the list that the address *host* is in."""
        place = self._place(host)
        return None if place == NOWHERE else self._networks[place]

    def last_seen(self, network: Network) -> datetime | None:
        """When somebody of *network* last came in here, as far as it let him in."""
        return dict(zip(self._networks, self._seen, strict=True)).get(network)

    def lets_in(self, host: str) -> bool:
        """Whether who comes from *host* may come in; it is noted when he does."""
        place = self._place(host)
        if place == NOWHERE:
            return False
        self._seen[place] = self._now()
        return True

    def _place(self, host: str) -> int:
        """Where in the list the network of *host* is; NOWHERE when none of them is."""
        place = self._found.get(host)
        if place is None:
            network = network_with(host, self._networks)
            place = NOWHERE if network is None else self._networks.index(network)
            self._found.put(host, place)
        return place

    async def _follow(self, read: Read, outages: tuple[type[Exception], ...]) -> None:
        try:
            while True:
                await asyncio.sleep(READ_ANEW_S)
                await self._read(read, outages)
        finally:
            # who cannot follow the list any more must not go on with an old one
            self._close()

    def _close(self) -> None:
        self.is_known, self.is_open = False, not self.is_enforced

    async def _read(self, read: Read, outages: tuple[type[Exception], ...]) -> None:
        taken = self._taken
        try:
            stored = await read(KEY)
        except outages as error:
            if not self._is_away:
                _log.warning("the allow list cannot be read, trying again: %s", error)
            self._is_away = True
            return
        self._is_away = False
        # what was taken meanwhile is newer than what was read
        if stored != self._stored and taken == self._taken:
            try:
                found = entity_of(KEY, stored)
            except (DecodeError, ValueError) as error:  # as a newer gateway writes it
                _log.error("the allow list is none, nobody may come in until it is: %s", error)
                self._close()
            else:
                self.take(found if isinstance(found, IpAllowlist) else None)
            self._stored = stored


def _tell_of(following: "asyncio.Task[None]") -> None:
    if not following.cancelled() and following.exception() is not None:
        _log.error("the allow list is read no more", exc_info=following.exception())


class AllowListGuard:
    """*app* for those whom the *allow_list* lets in, but for the question whether it does."""

    def __init__(self, app: ASGIApp, allow_list: AllowList) -> None:
        self._app = app
        self._allow_list = allow_list

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        # not a coroutine of its own: a guard that keeps nobody out costs this look
        if self._allow_list.is_open and scope["type"] == "http":
            return self._app(scope, receive, send)
        return self._checked(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        allow_list, path = self._allow_list, _path_got(scope)
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif not allow_list.is_open and not allow_list.is_known and path not in PROBED_AT:
            await refuse(scope, receive, send, unavailable(RETRY_AFTER_S))
        elif scope["type"] == "websocket" and self._lets_in(scope):
            socket = OpenSocket(host_of(scope), receive, send)
            with allow_list.watching(socket):
                await self._app(scope, socket.receive, socket.send)
        elif self._is_exempt(path) or self._lets_in(scope):
            await self._app(scope, receive, send)
        else:
            await refuse(scope, receive, send, FORBIDDEN)

    def _is_exempt(self, path: bytes | None) -> bool:
        """Whether the list does not count for a GET of *path*."""
        return path == ASKED_AT or (path in PROBED_AT and not self._allow_list.is_known)

    def _lets_in(self, scope: Scope) -> bool:
        return self._allow_list.is_open or self._allow_list.lets_in(host_of(scope))


def _path_got(scope: Scope) -> bytes | None:
    """The path that a GET asks for, as it is written; None for anything else."""
    is_get = scope["type"] == "http" and scope["method"] == "GET"
    return scope["raw_path"] if is_get else None
