"""One HTTP request, from its bytes to its reply."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.types import Receive, Scope, Send

from . import versions
from .access import is_admitted
from .bodies import decoded
from .context import Context
from .errors import Refused, Reply, detail, failed, invalid, unavailable

T = TypeVar("T")

_log = logging.getLogger(__name__)

JSON_TYPE = (b"content-type", b"application/json")


class Call:
    """A request that has been admitted, with its body read."""

    __slots__ = ("api_version", "body", "headers", "scope")

    def __init__(
        self, scope: Scope, headers: dict[bytes, bytes], body: bytes, api_version: str | None
    ) -> None:
        self.scope = scope
        self.headers = headers
        self.body = body
        self.api_version = api_version

    @property
    def id(self) -> UUID:
        """The `{id}` of the path."""
        return self.scope["path_params"]["id"]

    def path(self, name: str) -> str:
        """A part of the path."""
        return self.scope["path_params"][name]

    def as_a(self, type: type[T]) -> T:
        """The body; raises `Refused` with a 422 that names the field."""
        return decoded(type, self.body)

    def as_query(self, type: type[T]) -> T:
        """The body, every part of which may be left out, the body itself included."""
        return decoded(type, b"{}" if self.body in (b"", b"null") else self.body)

    def query(self, name: str) -> str | None:
        """A value from the query string; None when it is absent or empty."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"))).get(name)

    def query_id(self, name: str) -> UUID:
        """A required id from the query string."""
        given = self.query(name)
        if not given:
            raise invalid("Field required", "query", name, kind="missing")
        try:
            return UUID(given)
        except ValueError:
            raise invalid(
                "Input should be a valid UUID", "query", name, kind="uuid_parsing"
            ) from None

    @property
    def client_version(self) -> str | None:
        """The version in a `User-Agent` such as `prefect/3.9.1 (API 0.8.4)`."""
        name, _, version = self.headers.get(b"user-agent", b"").partition(b"/")
        return version.split(b" ")[0].decode("latin-1") if name == b"prefect" else None


Handler = Callable[[Context, Call], Awaitable[Reply]]


class Endpoint:
    """An ASGI application that answers one operation."""

    def __init__(
        self,
        context: Context,
        handler: Handler,
        *,
        is_open: bool = False,
        is_versioned: bool = True,
    ) -> None:
        self._context = context
        self._handler = handler
        self._is_open = is_open
        self._is_versioned = is_versioned

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._handler(self._context, await self._admitted(scope, receive))
        except Refused as refused:
            reply = refused.reply
        except self._context.outages as error:
            _log.warning("%s %s is answered with 503: %s", scope["method"], scope["path"], error)
            reply = unavailable(self._context.limits.retry_after_s)
        await respond(send, reply)

    async def _admitted(self, scope: Scope, receive: Receive) -> Call:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not self._is_open and not is_admitted(self._context.auth_string, headers):
            raise failed(401, "Unauthorized")
        version = (
            versions.checked(headers.get(b"x-prefect-api-version")) if self._is_versioned else None
        )
        body = b""
        if scope["method"] in ("POST", "PATCH", "PUT"):
            body = await _read(receive, headers, self._context.limits.body_bytes_max)
        return Call(scope, headers, body, version)


async def _read(receive: Receive, headers: dict[bytes, bytes], most: int) -> bytes:
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    message: Any = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
    return body


def _too_large(most: int) -> Refused:
    return detail(413, f"The body of a request has at most {most} bytes.")


async def respond(send: Send, reply: Reply) -> None:
    """Send *reply*."""
    headers = [*reply.headers]
    if reply.status != 204:
        headers += [JSON_TYPE, (b"content-length", b"%d" % len(reply.body))]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
