"""The hot routes beside the reference: the same requests to both, in turn, in the same run.

Both are started as a person starts them, with all that they do by themselves, on an empty
database of their own.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from msgspec import Struct
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from headgate.clock import new_id, now
from headgate.demo.installing import installed
from tests.bench import api
from tests.parity import reference
from tests.support.sockets import task_run_event

LOADS = ((1, 40), (16, 10))
"""Clients at once, and how often each asks."""

LINES = 10
"""Log lines in a request: about what a client gathers in a second."""

LOOK_S = 0.002
"""How long who waits for a task run to be shown rests between two looks."""

PATIENCE_S = 60.0


class Side(Struct, frozen=True):
    """The URL of an API, and whether it may answer with 503 what is measured."""

    url: str
    may_refuse: bool = False

    def p50_ms(self, result: dict[str, Any]) -> float:
        """The median in what the load client saw, if all of it may be so."""
        refusals = {"503"} if self.may_refuse else set[str]()
        assert set(result["statuses"]) <= {"200", "201"} | refusals, result
        assert self.may_refuse or not result["hung_up"], result
        return result["p50_ms"]


Measure = Callable[[Side, int, int], Awaitable[float]]
"""The median in milliseconds on a side, with so many clients that ask so often."""


async def beside(place: Path) -> dict[str, float]:
    """Medians of both, and how many times sooner Headgate answers; the reference is in *place*."""
    figures: dict[str, float] = {}
    async with api.server() as ours, _reference(place) as theirs:
        for clients, each in LOADS:
            for name, measure in MEASURES.items():
                key = f"beside.{name}_{clients}"
                p50_ms = await measure(Side(ours.url), clients, each)
                # its database is locked by its own services: some it answers with 503, and hangs up
                their_p50_ms = await measure(Side(theirs, may_refuse=True), clients, each)
                figures[f"{key}_p50_ms"] = p50_ms
                figures[f"{key}_reference_p50_ms"] = their_p50_ms
                figures[f"{key}_times_sooner"] = their_p50_ms / p50_ms
    return figures


@asynccontextmanager
async def _reference(place: Path) -> AsyncGenerator[str]:
    """A server of the reference; yields its API's URL."""
    python = await asyncio.to_thread(installed, place)
    with tempfile.TemporaryDirectory(prefix="headgate-bench-") as folder:
        home = Path(folder) / "reference"
        home.mkdir()
        process, url = await reference.serving(python, home, alone=False)
        try:
            yield url
        finally:
            await reference.end(process)


async def _create(side: Side, clients: int, each: int) -> float:
    """Flow runs are created."""
    flow = await _flow(side.url)
    body = json.dumps({"flow_id": flow, "state": {"type": "PENDING"}, "parameters": {"x": 1}})
    return await _driven(side, [[("POST", "/api/flow_runs/", body)] * each] * clients)


async def _set_state(side: Side, clients: int, each: int) -> float:
    """Flow runs start and end."""
    return side.p50_ms(await api.set_state(side.url, clients, each))


async def _read(side: Side, clients: int, each: int) -> float:
    """A flow run is read."""
    flow = await _flow(side.url)
    async with httpx.AsyncClient(base_url=side.url, timeout=PATIENCE_S) as client:
        made = await api.made(client, "/flow_runs/", {"flow_id": flow})
    return await _driven(side, [[("GET", f"/api/flow_runs/{made}", "")] * each] * clients)


async def _logs(side: Side, clients: int, each: int) -> float:
    """Log lines are written."""
    line = {
        "name": "prefect.flow_runs", "level": 20, "message": "a line of a log as it comes",
        "timestamp": now().isoformat(), "flow_run_id": str(new_id()),
    }  # fmt: skip
    return await _driven(
        side, [[("POST", "/api/logs/", json.dumps([line] * LINES))] * each] * clients
    )


async def _events_in(side: Side, clients: int, each: int) -> float:
    """Task runs are told of over sockets: from the telling until each can be read."""
    flow = await _flow(side.url)
    async with httpx.AsyncClient(base_url=side.url, timeout=PATIENCE_S) as client:
        flow_run = await api.made(client, "/flow_runs/", {"flow_id": flow})
        told = await asyncio.gather(*(_tell(client, flow_run, each) for _ in range(clients)))
    return median(one for many in told for one in many)


async def _tell(client: httpx.AsyncClient, flow_run: str, times: int) -> list[float]:
    """Milliseconds from telling of a task run until it is there, so many *times*."""
    address = str(client.base_url).rstrip("/").replace("http://", "ws://") + "/events/in"
    taken_ms: list[float] = []
    async with connect(address, subprotocols=[Subprotocol("prefect")]) as socket:
        await socket.send('{"type":"auth","token":null}')
        await socket.recv()
        for _ in range(times):
            task_run = str(new_id())
            event = json.dumps(task_run_event(task_run, flow_run, "PENDING"))
            started = time.perf_counter()
            await socket.send(event)
            async with asyncio.timeout(PATIENCE_S):
                while (await client.get(f"/task_runs/{task_run}")).status_code != 200:
                    await asyncio.sleep(LOOK_S)
            taken_ms.append((time.perf_counter() - started) * 1e3)
    return taken_ms


async def _flow(url: str) -> str:
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
        return await api.made(client, "/flows/", {"name": "beside"})


async def _driven(side: Side, scripts: list[list[api.Call]]) -> float:
    return side.p50_ms(await api.drive(side.url, scripts))


MEASURES: dict[str, Measure] = {
    "create": _create, "set_state": _set_state, "read": _read, "logs": _logs,
    "events_in": _events_in,
}  # fmt: skip
