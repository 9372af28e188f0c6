"""Background task runs: who subscribes to tasks is handed their runs, one at a time."""

import asyncio
import logging

import msgspec
from msgspec import Struct, json
from starlette.types import Receive, Scope, Send

from events.entities import TaskRun
from events.states import StateType

from ...patience import end
from ..access import calling
from ..background import ACK_MS, HandedOut, Presence
from ..context import Context
from ..rendering.runs import task_run_response
from .socket import Socket

LOOK_S = 0.25
"""How often is looked for runs that other gateways, or nobody's, have enqueued."""

ACK_S = ACK_MS / 1_000 * 0.8
"""How long a worker may take to acknowledge; soon afterwards its run waits again."""

VIOLATION = 4001

_log = logging.getLogger(__name__)


class _Said(Struct, frozen=True):
    type: str
    keys: list[str] | None = None
    client_id: str | None = None


class ScheduledTaskRuns:
    """The application behind `/task_runs/subscriptions/scheduled`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = Socket(scope, receive, send)
        caller = await socket.admit(self._context.access, "propose")
        if caller is None:
            return
        calling.set(caller)
        wanted = await _subscribed(socket)
        if wanted is None:
            return
        name, keys = wanted
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        reader = asyncio.create_task(_read(socket, heard), name="scheduled task runs: read")
        try:
            id = self._context.new_id()
            async with self._context.task_workers.present(id, name, keys) as presence:
                await self._serve(socket, keys, heard, presence)
        except self._context.outages as error:
            _log.warning("task runs cannot be handed out, closing a socket: %s", error)
            await socket.close(1013, "Try again later")
        finally:
            await end(reader)

    async def _serve(
        self,
        socket: Socket,
        keys: list[str],
        heard: "asyncio.Queue[str | None]",
        presence: Presence,
    ) -> None:
        """Hand out until the peer goes, quits, or does not acknowledge."""
        waiting, bell = self._context.waiting, self._context.enqueued
        while heard.empty():
            await presence.go_on()
            rung = bell.listen()
            run = await waiting.next(keys)
            if run is None:
                await rung.wait(LOOK_S)
                continue
            found = await self._context.task_run(run.task_run_id)
            if found is None or not _is_waiting(found):
                await waiting.acknowledged(run)
            elif (said := await self._handed(socket, run, found, heard)) != "ack":
                await _dismiss(socket, said)
                return
        await _dismiss(socket, heard.get_nowait())

    async def _handed(
        self, socket: Socket, run: HandedOut, found: TaskRun, heard: "asyncio.Queue[str | None]"
    ) -> str | None:
        """What the peer says to *run*; unless that is `ack`, it waits again."""
        said = None
        try:
            response = task_run_response(found, self._context.now())
            await socket.send(json.encode(response).decode())
            said = await _next(heard)
        finally:
            if said == "ack":
                await self._context.waiting.acknowledged(run)
            else:
                await self._context.waiting.put_back(run)
        return said


def _is_waiting(run: TaskRun) -> bool:
    state = run.progress.state
    return state is not None and state.type is StateType.SCHEDULED


async def _subscribed(socket: Socket) -> tuple[str, list[str]] | None:
    """Who the peer is, and the tasks that it runs; None when it does not say, and is sent away."""
    text = await socket.next_text()
    if text is None:
        return None
    said = _said(text)
    if said is None or said.type != "subscribe":
        expected = "'subscribe' message"
    elif not said.keys:
        expected = "'keys' in subscribe message"
    elif not said.client_id:
        expected = "'client_id' in subscribe message"
    else:
        return said.client_id, said.keys
    await socket.close(VIOLATION, f"Protocol violation: expected {expected}")
    return None


async def _dismiss(socket: Socket, said: str | None) -> None:
    """Close, unless the peer has gone: it quits, or says what nobody asked for."""
    if said == "quit":
        await socket.close(1000)
    elif said is not None:
        await socket.close(VIOLATION, "Protocol violation: expected 'ack' message")


async def _next(heard: "asyncio.Queue[str | None]") -> str | None:
    try:
        async with asyncio.timeout(ACK_S):
            return await heard.get()
    except TimeoutError:
        return ""


async def _read(socket: Socket, heard: "asyncio.Queue[str | None]") -> None:
    while (text := await socket.next_text()) is not None:
        said = _said(text)
        heard.put_nowait("" if said is None else said.type)
    heard.put_nowait(None)


def _said(text: str) -> _Said | None:
    try:
        return json.decode(text, type=_Said)
    except msgspec.DecodeError:
        return None
