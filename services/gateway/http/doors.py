"""Doors: the busiest operations are found without the layers that all others pass through.

The layers around Starlette's routes (error pages, exception handlers, a search through all routes)
cost more than most of our operations. A request that a door knows goes straight to its endpoint;
all others, wrong methods and redirects included, find the same endpoints behind the routes.
"""

import re
from collections.abc import Iterable
from uuid import UUID

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from ..access import Access
from .errors import UNAUTHORIZED
from .sending import respond

_ID = "{id:uuid}"
_UUID = "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"


class Doors:
    """Endpoints by method and path; a path may have an id in it."""

    def __init__(self, endpoints: Iterable[tuple[str, str, ASGIApp]]) -> None:
        self._plain: dict[tuple[str, str], ASGIApp] = {}
        self._with_id: dict[str, list[tuple[re.Pattern[str], ASGIApp]]] = {}
        for method, path, endpoint in endpoints:
            if _ID in path:
                pattern = re.compile(re.escape(path).replace(re.escape(_ID), _UUID))
                self._with_id.setdefault(method, []).append((pattern, endpoint))
            else:
                self._plain[method, path] = endpoint

    def endpoint(self, scope: Scope) -> ASGIApp | None:
        """The endpoint of a request, its id noted in *scope*; None when no door leads there."""
        method, path = scope["method"], scope["path"]
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain
        for pattern, endpoint in self._with_id.get(method, ()):
            found = pattern.fullmatch(path)
            if found is not None:
                scope["path_params"] = {"id": UUID(found[1])}
                return endpoint
        return None


class Api(Starlette):
    """The application, behind doors; what no operation answers is closed to strangers as well."""

    doors = Doors(())
    access: Access | None = None
    open_paths: frozenset[bytes] = frozenset()
    """Paths that anybody may GET, as they are written: another way to write one is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self.doors.endpoint(scope) if scope["type"] == "http" else None
        if endpoint is not None:
            await endpoint(scope, receive, send)
        elif await self._is_closed_to(scope):
            await respond(send, UNAUTHORIZED)
        else:
            await super().__call__(scope, receive, send)

    async def _is_closed_to(self, scope: Scope) -> bool:
        # sockets ask for themselves, in their first message
        if scope["type"] != "http":
            return False
        if scope["method"] == "GET" and scope["raw_path"] in self.open_paths:
            return False
        access = self.access
        return access is not None and await access.caller(dict(scope["headers"])) is None
