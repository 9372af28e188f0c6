"""The application: a Starlette route for each operation, with msgspec on both sides."""

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from events.log import EventLog

from ..blocks.sealing import Seal
from ..errors import Unavailable
from .background import TaskWorkers, Waiting
from .context import Context
from .event_stream.told import Told
from .guards.allow_list import AllowList
from .guards.csrf import Csrf
from .http.describing import described
from .http.doors import Api, Doors
from .http.endpoints import Endpoint
from .http.operations import Operation
from .limits import GatewayLimits
from .proposing import Proposing
from .routes import OPERATIONS
from .sockets import SOCKETS
from .sockets.origins import of_origins
from .views import Views

PREFIX = "/api"


def create_app(
    *,
    proposer: Proposing,
    log: EventLog,
    views: Views,
    waiting: Waiting,
    task_workers: TaskWorkers,
    told: Told,
    now: Callable[[], datetime],
    new_id: Callable[[], UUID],
    limits: GatewayLimits | None = None,
    encryption_key: str | None = None,
    auth_string: str | None = None,
    keys_required: bool = False,
    outages: tuple[type[Exception], ...] = (),
    csrf: Csrf | None = None,
    allow_list: AllowList | None = None,
    origins: tuple[str, ...] = (),
) -> Starlette:
    """The HTTP and WebSocket API over a running *proposer*, the log, the views and what is waiting.

    Secrets of blocks are sealed with the *encryption_key*; without one there can be none.

    *outages* are errors of the views after which asking again may help; Redis's are known.
    With an *auth_string*, such as `user:password`, or *keys_required*, who asks must know it or
    have a key. Tokens of *csrf*, if there is one, are given out here and asked for by `guarded`.
    The *allow_list*, kept up to date here, is enforced by `guarded`.
    Sockets are for pages of *origins*, besides its own and programs.
    """
    context = Context(
        proposer=proposer,
        log=log,
        views=views,
        waiting=waiting,
        task_workers=task_workers,
        told=told,
        now=now,
        new_id=new_id,
        limits=limits or GatewayLimits(),
        seal=Seal(encryption_key),
        auth_string=auth_string,
        keys_required=keys_required,
        outages=(Unavailable, RedisError, OSError, TimeoutError, *outages),
        csrf=csrf,
        allow_list=allow_list,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        await context.start()
        yield
        await context.stop()

    app = Api(lifespan=lifespan, exception_handlers={HTTPException: _refused, Exception: _broken})
    _open(app, context, origins)
    return app


def _open(app: Api, context: Context, origins: tuple[str, ...]) -> None:
    """Give *app* its doors, routes and sockets."""
    endpoints = [(one, Endpoint(context, one)) for one in OPERATIONS]
    app.doors = Doors(
        (one.method, PREFIX + one.path, endpoint) for one, endpoint in endpoints if one.is_busy
    )
    app.access = context.access
    app.open_paths = frozenset((PREFIX + one.path).encode() for one in OPERATIONS if one.is_open)
    app.router.routes[:] = [
        *(_route(one, endpoint) for one, endpoint in endpoints),
        *(
            WebSocketRoute(PREFIX + path, of_origins(make(context), origins))
            for path, make in SOCKETS.items()
        ),
        *described(OPERATIONS, PREFIX),
    ]


async def _refused(_: Request, error: Exception) -> Response:
    """What a client hears of a path or a method that there is not."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


async def _broken(_: Request, error: Exception) -> Response:
    """What a client hears of a fault of ours; the log hears more."""
    return JSONResponse({"exception_message": "Internal Server Error"}, 500)


def _route(one: Operation, endpoint: Endpoint) -> Route:
    route = Route(PREFIX + one.path, endpoint, methods=[one.method], name=one.summary)
    route.methods = {one.method}
    # `$` would also match before a line feed at the end: `/flows/%0A` is not `/flows/`
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + r"\Z")
    return route
