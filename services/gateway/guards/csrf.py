"""CSRF: whoever changes something shows a token that no other site's page can have read.

A token says until when it holds and is signed for the client that asked for it. So nothing is
kept, and every gateway with the same key knows the tokens of the others.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as signed

from starlette.types import ASGIApp, Receive, Scope, Send

from ..http.errors import Reply, detail
from ..http.sending import respond

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
NO_TOKEN = detail(403, "Missing CSRF token.").reply
NO_CLIENT = detail(403, "Missing client identifier.").reply
INVALID = detail(403, "Invalid CSRF token or client identifier.").reply
"""Clients fetch a new token when they read this."""


class Csrf:
    """Makes tokens that hold for *life*, and knows them again by the *key*."""

    def __init__(self, key: str, life: timedelta, now: Callable[[], datetime]) -> None:
        self._key = signed(key.encode(), b"headgate csrf", sha256)
        self._life = life
        self._now = now

    def token(self, client: str) -> tuple[str, datetime]:
        """A token for *client*, and when it expires."""
        until = self._now() + self._life
        seconds = int(until.timestamp())
        return self._token(client.encode(), seconds), datetime.fromtimestamp(seconds, UTC)

    def is_valid(self, client: bytes, token: bytes) -> bool:
        """Whether *token* was made for *client* and holds; compared in constant time."""
        seconds = token.partition(b".")[0]
        if not seconds.isdigit() or len(seconds) > len("9999999999"):
            return False
        made = self._token(client, int(seconds)).encode()
        return compare_digest(made, token) and int(seconds) > self._now().timestamp()

    def _token(self, client: bytes, seconds: int) -> str:
        said = b"%d:%b" % (seconds, client)
        return f"{seconds}.{signed(self._key, said, sha256).hex()}"


class CsrfGuard:
    """*app*, what changes something only with a token of *csrf*."""

    def __init__(self, app: ASGIApp, csrf: Csrf) -> None:
        self._app = app
        self._csrf = csrf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in CHANGING:
            reply = self._wrong(dict(scope["headers"]))
            if reply is not None:
                await respond(send, reply)
                return
        await self._app(scope, receive, send)

    def _wrong(self, headers: dict[bytes, bytes]) -> Reply | None:
        token = headers.get(b"prefect-csrf-token")
        client = headers.get(b"prefect-csrf-client")
        if not token:
            return NO_TOKEN
        if not client:
            return NO_CLIENT
        return None if self._csrf.is_valid(client, token) else INVALID
