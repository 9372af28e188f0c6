# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
"""Scenario D: flows are served, run when asked for or by the clock, cancelled and suspended."""

import sys
from time import sleep

from prefect import flow
from prefect.deployments import run_deployment
from prefect.flow_runs import resume_flow_run, suspend_flow_run
from prefect.input import RunInput
from prefect.schedules import Cron


@flow(name="scenario-d", log_prints=True)
def add(a: int = 1, b: int = 2, wait_s: float = 0) -> int:
    print(f"adding {a} and {b}")
    sleep(wait_s)
    return a + b


@add.on_cancellation
def tell(flow, flow_run, state) -> None:
    print("CANCELLED", flow_run.id, flush=True)


class Name(RunInput):
    name: str


@flow(name="asking", log_prints=True)
def asking() -> None:
    print(f"hello {suspend_flow_run(wait_for_input=Name, key='who', timeout=100).name}")


@flow(name="ticking")
def ticking(n: int = 0) -> None:
    del n


def serve_asking() -> None:
    asking.serve(name="served")


def serve_ticking() -> None:
    schedule = Cron("* * * * * */15", timezone="Europe/Berlin", slug="often", parameters={"n": 7})
    ticking.serve(name="served", schedule=schedule)


def answer(id: str, name: str) -> None:
    resume_flow_run(id, run_input={"name": name})
    print("RESULT resumed")


def serve(name: str = "served") -> None:
    add.serve(name=name, tags=["d"], parameters={"b": 40}, cron="0 3 1 1 *")


def ask() -> None:
    run = run_deployment("scenario-d/served", parameters={"a": 2}, timeout=60, poll_interval=0.5)
    print("RUN", run.id, run.state.name)


if __name__ == "__main__":
    {
        "serve": serve,
        "ask": ask,
        "serve-asking": serve_asking,
        "serve-ticking": serve_ticking,
        "answer": answer,
    }[sys.argv[1]](*sys.argv[2:])
