# pyright: basic, reportMissingImports=false, reportFunctionMemberAccess=false
"""Scenario D: a flow is served, run by another process, and cancelled while it runs."""

import sys
from time import sleep

from prefect import flow
from prefect.deployments import run_deployment


@flow(name="scenario-d", log_prints=True)
def add(a: int = 1, b: int = 2, wait_s: float = 0) -> int:
    print(f"adding {a} and {b}")
    sleep(wait_s)
    return a + b


def serve(name: str = "served") -> None:
    add.serve(name=name, tags=["d"], parameters={"b": 40}, cron="0 3 1 1 *")


def ask() -> None:
    run = run_deployment("scenario-d/served", parameters={"a": 2}, timeout=60, poll_interval=0.5)
    print("RUN", run.id, run.state.name)


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](*sys.argv[2:])
