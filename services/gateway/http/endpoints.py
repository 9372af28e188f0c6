"""An endpoint takes one operation from a request's bytes to its reply's."""

import logging
from typing import Any

from starlette.types import Receive, Scope, Send

from events.resources.administration.api_keys import Scope as KeyScope

from ..access import calling
from ..context import Context
from . import versions
from .calls import Call
from .errors import UNAUTHORIZED, Refused, detail, forbidden, unavailable
from .operations import Operation
from .packing import packed
from .sending import respond

_log = logging.getLogger(__name__)


class Endpoint:
    """An ASGI application that answers one operation."""

    def __init__(self, context: Context, operation: Operation) -> None:
        self._context = context
        self._handler = operation.handler
        self._is_open = operation.is_open
        self._scope: KeyScope = operation.scope
        self._is_versioned = operation.is_versioned
        self._gzip_bytes_min = context.limits.gzip_bytes_min
        self._has_body = operation.method in ("POST", "PATCH", "PUT")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            reply = await self._handler(self._context, await self._admitted(scope, receive))
        except Refused as refused:
            reply = refused.reply
        except self._context.outages as error:
            _log.warning("%s %s is answered with 503: %s", scope["method"], scope["path"], error)
            reply = unavailable(self._context.limits.retry_after_s)
        if len(reply.body) >= self._gzip_bytes_min:
            reply = await packed(reply, dict(scope["headers"]).get(b"accept-encoding", b""))
        await respond(send, reply)

    async def _admitted(self, scope: Scope, receive: Receive) -> Call:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not self._is_open and not self._context.access.is_open:
            await self._identify(headers)
        version = (
            versions.checked(headers.get(b"x-prefect-api-version")) if self._is_versioned else None
        )
        body = b""
        if self._has_body:
            body = await _read(receive, headers, self._context.limits.body_bytes_max)
        return Call(scope, headers, body, version)

    async def _identify(self, headers: dict[bytes, bytes]) -> None:
        caller = await self._context.access.caller(headers)
        if caller is None:
            raise Refused(UNAUTHORIZED)
        if not caller.may(self._scope):
            raise forbidden(self._scope)
        calling.set(caller)


async def _read(receive: Receive, headers: dict[bytes, bytes], most: int) -> bytes:
    announced = headers.get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    body, is_whole = b"", False
    while not is_whole:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise detail(400, "The request ended before its body did.")
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        is_whole = not message.get("more_body")
    return body


def _too_large(most: int) -> Refused:
    return detail(413, f"The body of a request has at most {most} bytes.")
