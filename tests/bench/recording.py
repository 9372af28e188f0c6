"""Task runs as engines tell of them: over sockets to the disk, into the log, into rows."""

import asyncio
import json
import time
from collections.abc import Sequence

import httpx
from msgspec import Struct
from websockets.asyncio.client import connect
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from headgate.clock import new_id
from tests.support.sockets import task_run_event

SOCKETS = 4
STATES = ("PENDING", "RUNNING", "COMPLETED")
PATIENCE_S = 120.0
BURST = 100
UNSENT_BYTES_MAX = 1_000_000


class Recording(Struct, frozen=True):
    """Events per second: confirmed by a pong, and counted from the views; rows lost."""

    taken_per_s: float
    shown_per_s: float
    lost: int


def told(flow_run: str, runs: int) -> list[str]:
    """What an engine sends while it runs *runs* tasks of a flow run."""
    return [
        json.dumps(task_run_event(task_run, flow_run, state))
        for task_run in (str(new_id()) for _ in range(runs))
        for state in STATES
    ]


async def recorded(url: str, runs: int) -> Recording:
    """Tell of *runs* task runs on each of several sockets at once."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        flow = (await client.post("/flows/", json={"name": "bench"})).json()["id"]
        made = [await client.post("/flow_runs/", json={"flow_id": flow}) for _ in range(SOCKETS)]
        flow_runs = [one.json()["id"] for one in made]
        frames = [told(each, runs) for each in flow_runs]
        ended = {
            "flow_runs": {"id": {"any_": flow_runs}},
            "task_runs": {"state": {"type": {"any_": [STATES[-1]]}}},
        }
        started = time.perf_counter()
        await asyncio.gather(*(_send(url, each) for each in frames))
        taken_s = time.perf_counter() - started
        shown = 0
        while shown < SOCKETS * runs and time.perf_counter() - started < PATIENCE_S:
            shown = (await client.post("/task_runs/count", json=ended)).json()
            await asyncio.sleep(0.02)
        shown_s = time.perf_counter() - started
    events = SOCKETS * runs * len(STATES)
    return Recording(events / taken_s, events / shown_s, SOCKETS * runs - shown)


async def _send(url: str, frames: Sequence[str]) -> None:
    address = url.replace("http://", "ws://") + "/events/in"
    async with connect(address, subprotocols=[Subprotocol("prefect")], compression=None) as socket:
        await socket.send('{"type":"auth","token":null}')
        await socket.recv()
        for start in range(0, len(frames), BURST):
            # packed by hand: the client shares the machine with what is measured
            socket.transport.write(b"".join(map(_packed, frames[start : start + BURST])))
            while socket.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
                await asyncio.sleep(0.001)
        await (await socket.ping())


def _packed(frame: str) -> bytes:
    return Frame(Opcode.TEXT, frame.encode()).serialize(mask=True)
