# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
import asyncio
import json
import sys

from prefect import flow, get_client
from prefect.exceptions import Pause
from prefect.flow_engine import run_flow
from prefect.flow_runs import (
    pause_flow_run,
    resume_flow_run,
    suspend_flow_run,
    wait_for_flow_run,
)
from prefect.input import RunInput, receive_input, send_input
from prefect.input.actions import delete_flow_run_input


class Person(RunInput):
    name: str
    age: int = 1


@flow(name="pausing")
def pausing():
    asked = Person.with_initial_data(description="Who are you?", name="nobody")
    print("PAUSED", flush=True)
    person = pause_flow_run(wait_for_input=asked, timeout=60, poll_interval=1)
    print("RESULT", person.name, person.age)


@flow(name="receiving")
def receiving():
    for said in receive_input(str, timeout=60, poll_interval=1, with_metadata=True):
        delete_flow_run_input(said.metadata.key)
        print("RESULT", said.value, "from", said.metadata.sender)
        break


async def send(id: str, text: str) -> None:
    await send_input(text, flow_run_id=id, sender="a stranger")
    print("RESULT sent")


@flow(name="suspending")
def suspending():
    person = suspend_flow_run(wait_for_input=Person, key="once", timeout=60)
    print("RESULT", person.name, person.age)


async def resume(id: str, text: str) -> None:
    await resume_flow_run(id, run_input=json.loads(text))
    print("RESULT resumed")


async def wait(id: str) -> None:
    print("WAITING", flush=True)
    run = await wait_for_flow_run(id, timeout=100)
    print("RESULT", run.state.name)


def execute(id: str) -> None:
    with get_client(sync_client=True) as client:
        run = client.read_flow_run(id)
    try:
        run_flow(suspending, flow_run=run)
    except Pause:
        print("RESULT gone")


if __name__ == "__main__":
    kind, *given = sys.argv[1:]
    if kind == "pause":
        pausing()
    elif kind == "receive":
        receiving()
    elif kind == "send":
        asyncio.run(send(*given))
    elif kind == "execute":
        execute(*given)
    elif kind == "resume":
        asyncio.run(resume(*given))
    else:
        asyncio.run(wait(*given))
