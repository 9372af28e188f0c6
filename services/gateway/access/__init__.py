"""Who may come in, and what for: everybody, who knows the auth string, or who has a key."""

from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, timedelta

from msgspec import Struct

from events.resources.administration.api_keys import ApiKey, Scope

from ..recent import Recent
from .credentials import BEARER, hash_of, is_basic, is_same

KEY_SEEN = timedelta(seconds=2)
"""How long a key counts as it was when it was last read."""
KEYS_MAX = 10_000

KeyOf = Callable[[str], Awaitable[ApiKey | None]]
"""The key with a hash, if there is one."""


class Caller(Struct, frozen=True):
    """Who asks, as decisions name him, and what he may do."""

    name: str | None
    scope: Scope

    def may(self, wanted: Scope) -> bool:
        """Whether *wanted* is not above what he may do."""
        return SCOPES.index(wanted) <= SCOPES.index(self.scope)


SCOPES: tuple[Scope, ...] = ("read", "propose", "admin")
"""Each may do what those before it may."""

EVERYBODY = Caller(None, "admin")
AUTH_STRING = Caller("auth string", "admin")

calling: ContextVar[Caller] = ContextVar("calling", default=EVERYBODY)
"""Who asks for what is being done."""


class Access:
    """Knows callers by their credentials. Without *auth_string*, unless keys are required, all."""

    def __init__(
        self,
        auth_string: str | None,
        key_of: KeyOf,
        now: Callable[[], datetime],
        *,
        keys_required: bool = False,
    ) -> None:
        self._auth_string = auth_string
        self._key_of = key_of
        self._now = now
        self._seen: Recent[str, tuple[datetime, Caller | None]] = Recent(KEYS_MAX)
        self.is_open = auth_string is None and not keys_required

    async def caller(self, headers: Mapping[bytes, bytes]) -> Caller | None:
        """Who sends a request with these headers; None for a stranger."""
        if self.is_open:
            return EVERYBODY
        said = headers.get(b"authorization", b"")
        if said.startswith(BEARER):
            return await self._keyed(hash_of(said.removeprefix(BEARER)))
        is_known = self._auth_string is not None and is_basic(self._auth_string, said)
        return AUTH_STRING if is_known else None

    async def bearer(self, token: object) -> Caller | str:
        """Who says *token* on a WebSocket, or why it does not let him in."""
        if self.is_open:
            return EVERYBODY
        if not token:
            return "Auth required but no token provided"
        if not isinstance(token, str):
            return "Invalid token"
        if self._auth_string is not None and is_same(self._auth_string, token):
            return AUTH_STRING
        return await self._keyed(hash_of(token)) or "Invalid token"

    async def _keyed(self, hash: str) -> Caller | None:
        now, seen = self._now(), self._seen.get(hash)
        if seen is not None and now - seen[0] < KEY_SEEN:
            return seen[1]
        key = await self._key_of(hash)
        caller = None if key is None else Caller(f"key {key.name}", key.scope)
        self._seen.put(hash, (now, caller))
        return caller
