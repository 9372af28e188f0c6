"""The worker's socket: its signs of life come in, what becomes of its pool goes out.

It is noted alive as by the heartbeat over HTTP. The runs that wait for it come over HTTP, and that
one of them is to be cancelled, as an event.
"""

import asyncio
import logging
from uuid import UUID

import msgspec
from msgspec import Raw, json
from starlette.types import Receive, Scope, Send

from events.resources.work_pools import WorkPool, WorkQueue

from ...patience import end
from ..access import calling
from ..context import Context
from ..event_stream.pools import GONE
from ..event_stream.subscriptions import Subscription
from ..http.errors import Refused
from ..places import pool_like, queues_of
from ..rendering.work_pools import work_pool_response
from ..routes.work_pools.bodies import is_reserved, undeclared
from ..routes.work_pools.workers import is_alive
from .socket import Socket
from .worker_frames import (
    AUTHENTICATION_FAILED,
    AUTHORIZATION_FAILED,
    HEARTBEAT_FAILED,
    PROTOCOL_ERROR,
    REQUIRED,
    TRANSIENT_ERROR,
    UNSUPPORTED_VERSION,
    VERSION,
    Close,
    Heartbeat,
    Hello,
    HelloPayload,
    PoolChanged,
    Queue,
    Ready,
    ReadyPayload,
    Snapshot,
)

HELLO_S = 10.0
"""How long a worker may take to say what it wants."""

_frames = json.Decoder(Hello | Heartbeat)
_log = logging.getLogger(__name__)


class WorkerChannel:
    """The application behind `/work_pools/{work_pool_name}/workers/connect`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(scope, receive, send)
        caller = await socket.admit(self._context.access, "propose", AUTHENTICATION_FAILED)
        if caller is None:
            return
        calling.set(caller)
        try:
            close = await self._greet(socket, scope["path_params"]["work_pool_name"])
        except Refused:  # the pool went while its worker came
            close = AUTHORIZATION_FAILED
        except self._context.outages as error:
            _log.warning("a worker cannot be served: %s", error)
            close = TRANSIENT_ERROR
        if close is not None:
            await socket.close(close.code, close.reason)

    async def _greet(self, socket: Socket, pool_name: str) -> Close | None:
        """Serve the worker once it has said what it wants; None when it has gone."""
        hello = await _hello(socket)
        if hello is None or isinstance(hello, Close):
            return hello
        pool = await self._pool(pool_name, hello)
        if isinstance(pool, Close):
            return pool
        queues = await self._queues(pool, hello.work_queue_names)
        if queues is None:
            return AUTHORIZATION_FAILED
        interval_s = hello.heartbeat_interval_seconds
        await is_alive(self._context, pool, hello.worker_name, interval_s)
        subscription = await self._context.pools.subscribe(pool.id)
        try:
            if not await self._welcome(socket, hello, pool.id, queues):
                return AUTHORIZATION_FAILED
            return await self._serve(socket, hello, subscription)
        finally:
            await self._context.pools.unsubscribe(subscription)

    async def _pool(self, name: str, hello: HelloPayload) -> WorkPool | Close:
        """The pool, made if the worker asks for that; or why it has none."""
        pool = await self._context.resource_named(WorkPool, name=name)
        if pool is not None:
            return pool
        if not hello.create_pool_if_not_found or is_reserved(name):
            return AUTHORIZATION_FAILED
        template = hello.default_base_job_template
        if undeclared(template) is not None:
            return PROTOCOL_ERROR
        made = WorkPool(
            id=self._context.new_id(),
            name=name,
            type=hello.worker_type,
            base_job_template=template,
        )
        return await pool_like(self._context, made)

    async def _queues(self, pool: WorkPool, names: list[str]) -> list[WorkQueue] | None:
        """The queues of those names, or all; None when one is not there."""
        queues = await queues_of(self._context, pool)
        wanted = [each for each in queues if not names or each.name in names]
        return None if {*names} - {each.name for each in wanted} else wanted

    async def _welcome(
        self, socket: Socket, hello: HelloPayload, pool_id: UUID, queues: list[WorkQueue]
    ) -> bool:
        """Say that all is ready; false when the pool is gone, of which nobody may tell any more."""
        pool = await self._context.resource(WorkPool, pool_id)
        if pool is None:
            return False
        asked = hello.requested_capabilities
        payload = ReadyPayload(
            consumer_id=hello.consumer_id,
            worker_id=None,
            selected_channel_version=VERSION,
            effective_heartbeat_interval_seconds=hello.heartbeat_interval_seconds,
            accepted_capabilities=REQUIRED,
            rejected_capabilities=[each for each in asked if each not in REQUIRED],
            effective_max_cleanup_concurrency=0,
            resolved_work_queues=[Queue(each.id, each.name) for each in queues],
            initial_snapshot=Snapshot(1, "initial", work_pool_response(pool)),
        )
        ready = Ready(id=self._context.new_id(), sent_at=self._context.now(), payload=payload)
        await socket.send(json.encode(ready).decode())
        return True

    async def _serve(
        self, socket: Socket, hello: HelloPayload, subscription: Subscription[UUID]
    ) -> Close | None:
        """Hear and tell until the worker goes, or must."""
        hearing = asyncio.create_task(self._hear(socket, hello, subscription.wanted))
        telling = asyncio.create_task(self._tell(socket, subscription))
        behind = asyncio.create_task(subscription.is_behind.wait())
        try:
            await asyncio.wait((hearing, telling, behind), return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(hearing, telling, behind)
        if not hearing.cancelled():
            return hearing.result()
        return TRANSIENT_ERROR if telling.cancelled() else telling.result()

    async def _hear(self, socket: Socket, hello: HelloPayload, pool_id: UUID) -> Close | None:
        while (text := await socket.next_text()) is not None:
            frame = _frame(text)
            if not isinstance(frame, Heartbeat):
                return PROTOCOL_ERROR
            said = frame.payload
            if (said.consumer_id, said.worker_name) != (hello.consumer_id, hello.worker_name):
                return PROTOCOL_ERROR
            try:
                pool = await self._context.resource(WorkPool, pool_id)
                if pool is None:
                    return AUTHORIZATION_FAILED
                interval_s = said.heartbeat_interval_seconds
                await is_alive(self._context, pool, said.worker_name, interval_s)
            except self._context.outages as error:
                _log.warning("a worker's sign of life cannot be noted: %s", error)
                return HEARTBEAT_FAILED
        return None

    async def _tell(self, socket: Socket, subscription: Subscription[UUID]) -> Close:
        sequence = 1
        while (told := (await subscription.next())[2]) != GONE:
            sequence += 1
            frame = PoolChanged(
                id=self._context.new_id(),
                sent_at=self._context.now(),
                payload=Snapshot(sequence, "work_pool_updated", Raw(told.encode())),
            )
            await socket.send(json.encode(frame).decode())
        return AUTHORIZATION_FAILED


async def _hello(socket: Socket) -> HelloPayload | Close | None:
    """What the worker wants; or why it cannot have it, or None when it has gone."""
    try:
        async with asyncio.timeout(HELLO_S):
            text = await socket.next_text()
    except TimeoutError:
        return PROTOCOL_ERROR
    if text is None:
        return None
    frame = _frame(text)
    if not isinstance(frame, Hello) or not frame.payload.is_sound:
        return PROTOCOL_ERROR
    if VERSION not in frame.payload.supported_channel_versions:
        return UNSUPPORTED_VERSION
    return frame.payload


def _frame(text: str) -> Hello | Heartbeat | None:
    try:
        return _frames.decode(text)
    except msgspec.DecodeError:
        return None
