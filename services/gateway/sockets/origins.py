"""A page of another origin opens no socket: browsers let it try, and send the origin along."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

ANY = "*"


class OfOrigin:
    """A socket's *app* for programs, for pages of its own server, and for those of *origins*."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(each.encode() for each in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin")
        if origin is None or origin in self._origins or _is_own(origin, headers.get(b"host")):
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close"})


def _is_own(origin: bytes, host: bytes | None) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


def of_origins(app: ASGIApp, origins: Iterable[str]) -> ASGIApp:
    """*app* for pages of *origins*, of which `*` is any."""
    return app if ANY in origins else OfOrigin(app, origins)
