"""Runs inside the reference's own environment and answers requests from its standard input.

Each line is a request as JSON, each line back its answer. There is no socket, no thread and no
background service: SQLite is asked in this thread, so that nothing but rules takes time.
"""

import asyncio
import gc
import json
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any

GARBAGE = 100_000
"""So many objects more let the collector look; there is memory enough, and time is short."""
Opening = Callable[..., AbstractAsyncContextManager[Any]]


class Inline:
    """A queue that does at once what is put into it."""

    def put_nowait(self, item: tuple[Any, Any]) -> None:
        """Do it, and say what came of it."""
        future, work = item
        try:
            result = work()
        except Exception as error:
            if future is None:
                raise
            future.set_exception(error)
        else:
            if future is not None and not future.done():
                future.set_result(result)


class NoThread:
    """A thread that is not needed."""

    daemon = True

    def __init__(self, **_: Any) -> None:
        """Take what a thread takes."""

    def start(self) -> None:
        """Start nothing."""


class NoDocket:
    """A queue of background work that is never done."""

    def add(self, *_: Any, **__: Any) -> Any:
        """Take work."""
        return self._nothing

    replace = add

    async def _nothing(self, *_: Any, **__: Any) -> None:
        """What becomes of it."""


def within(opened: Opening, session: Any) -> Opening:
    """How the reference opens a session, but for one inside another, which gets a savepoint.

    A second connection would wait for the first, that waits for it, until SQLite gives up. So it
    does for the slots of tags; on PostgreSQL, where they are taken, nobody waits.
    """
    writing: ContextVar[Any] = ContextVar("writing", default=None)

    @asynccontextmanager
    async def session_context(
        self: Any, begin_transaction: bool = False, with_for_update: bool = False
    ) -> AsyncGenerator[Any]:
        if begin_transaction and (outer := writing.get()) is not None:
            bound = await outer.connection()
            inner = session(bound, expire_on_commit=False, join_transaction_mode="create_savepoint")
            async with inner, inner.begin():
                yield inner
            return
        async with opened(self, begin_transaction, with_for_update) as outer:
            token = writing.set(outer if with_for_update else None)
            try:
                yield outer
            finally:
                writing.reset(token)

    return session_context


async def at_once(work: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """What a thread would do, done here."""
    return work(*args, **named)


async def ask(app: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """The answer of the reference's application to one request."""
    path, _, query = asked["path"].partition("?")
    body = asked["body"].encode()
    headers = [(b"host", b"reference"), (b"content-length", str(len(body)).encode())]
    if body:
        headers.append((b"content-type", b"application/json"))
    headers += [(name.lower().encode(), value.encode()) for name, value in asked["headers"].items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
        "method": asked["method"], "path": path, "raw_path": path.encode(), "root_path": "",
        "query_string": query.encode(), "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("reference", 80),
    }  # fmt: skip
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    answer: dict[str, Any] = {"status": 0, "body": b""}

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        return await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer["status"] = message["status"]
        else:
            answer["body"] += message.get("body", b"")

    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - as a server, which would have answered 500
        if not answer["status"]:
            answer.update(status=500, body=json.dumps({"detail": repr(error)}).encode())
    return {"status": answer["status"], "body": answer["body"].decode()}


async def main() -> None:
    """Answer until there is nobody to ask."""
    sqlite: Any = import_module("aiosqlite.core")
    sqlite.SimpleQueue, sqlite.Thread = Inline, NoThread
    for name in ("starlette.concurrency", "fastapi.concurrency", "fastapi.dependencies.utils",
                 "fastapi.routing"):  # fmt: skip
        module: Any = import_module(name)
        module.run_in_threadpool = at_once
    server: Any = import_module("prefect.server.api.server")
    database: Any = import_module("prefect.server.database")
    interface: Any = import_module("prefect.server.database.interface").PrefectDBInterface
    sessions: Any = import_module("sqlalchemy.ext.asyncio")
    interface.session_context = within(interface.session_context, sessions.AsyncSession)
    await database.provide_database_interface().create_db()
    app = server.create_app(ephemeral=True, ignore_cache=True).api_app
    app.state.docket = NoDocket()
    app.user_middleware.clear()  # which packs answers, and says what a body is that does not
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(await ask(app, json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
