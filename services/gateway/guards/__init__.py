"""Guards stand before the API; those that nobody asks for are not in the way."""

from msgspec import Struct
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from .allow_list import AllowList, AllowListGuard
from .csrf import Csrf, CsrfGuard
from .networks import Networks
from .rate import Rate


class Cors(Struct, frozen=True, kw_only=True):
    """Pages of which origins may call, and how; `*` is any."""

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ("*",)
    headers: tuple[str, ...] = ("*",)


class Guards(Struct, frozen=True, kw_only=True):
    """Who is kept out, whatever he asks for."""

    proxies: tuple[str, ...] = ()
    """Addresses and networks whose `X-Forwarded-For` is believed."""
    networks: tuple[str, ...] = ()
    """Networks that may come in; none named, all may."""
    cors: Cors | None = None
    per_second_max: float | None = None
    """Requests of one address, when it goes on for long."""
    burst_max: int = 1
    """Requests of one address at once."""
    csrf: Csrf | None = None
    allow_list: AllowList | None = None
    """Who may come in of those whom the networks let through."""


def guarded(app: ASGIApp, guards: Guards) -> ASGIApp:
    """*app* behind those guards that there are, the outermost last."""
    if guards.csrf is not None:
        app = CsrfGuard(app, guards.csrf)
    if guards.per_second_max is not None:
        app = Rate(app, guards.per_second_max, guards.burst_max)
    if guards.cors is not None:
        app = CORSMiddleware(
            app,
            allow_origins=guards.cors.origins,
            allow_methods=guards.cors.methods,
            allow_headers=guards.cors.headers,
        )
    if guards.allow_list is not None:
        app = AllowListGuard(app, guards.allow_list)
    if guards.networks:
        app = Networks(app, guards.networks)
    if guards.proxies:
        trusting: object = ProxyHeadersMiddleware(app, [*guards.proxies])  # pyright: ignore[reportArgumentType]
        app = trusting  # pyright: ignore[reportAssignmentType]
    return app


__all__ = ["AllowList", "Cors", "Csrf", "Guards", "guarded"]
